// Memory that vendor runtimes never give back is theirs; linked into every test program that
// AddressSanitizer watches.

extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpocl\nleak:libLLVM\nleak:libOpenCL\n";
}
