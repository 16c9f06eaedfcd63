// The throwaway process that parses a foreign file: first everything it needs is opened, then it
// gives up what it could do harm with, then it reads.

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <memory>
#include <new>
#include <stdexcept>

#include "base/landlock.h"
#include "base/os.h"
#include "engine/gguf/reader.h"
#include "engine/gguf/wire.h"

namespace motley {
namespace {

constexpr int kAnswerFd = 3;
constexpr rlim_t kAddressSpaceBytes = 256ull << 20;
constexpr rlim_t kCpuSeconds = 30;

// A sanitizer's shadow memory is larger than any limit, and its run-time calls what the filter
// forbids.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

Status Limit(__rlimit_resource what, rlim_t most) {
  const rlimit limit{most, most};
  if (setrlimit(what, &limit) == 0) return {};
  return ErrnoError("setrlimit", errno);
}

Status LimitResources() {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return ErrnoError("PR_SET_PDEATHSIG", errno);
  TRY(Limit(RLIMIT_CORE, 0));
  TRY(Limit(RLIMIT_CPU, kCpuSeconds));
  // A memfd counts as a file here. No file can be opened for writing: the filter sees to that.
  TRY(Limit(RLIMIT_FSIZE, kMaxAnswerBytes));
  if (!kSanitized) TRY(Limit(RLIMIT_AS, kAddressSpaceBytes));
  return {};
}

// What reading an open file, allocating, and sending a memfd need.
constexpr std::array kAllowed = {
    SCMP_SYS(read),         SCMP_SYS(pread64),    SCMP_SYS(write),        SCMP_SYS(close),
    SCMP_SYS(brk),          SCMP_SYS(munmap),     SCMP_SYS(mremap),       SCMP_SYS(madvise),
    SCMP_SYS(futex),        SCMP_SYS(getrandom),  SCMP_SYS(memfd_create), SCMP_SYS(fcntl),
    SCMP_SYS(exit),         SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), SCMP_SYS(getpid),     SCMP_SYS(gettid),       SCMP_SYS(tgkill),
    SCMP_SYS(clock_gettime)};

Status EnterFilter() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(
      seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
  if (!filter) return Error::Internal("seccomp_init failed");
  int failed = 0;
  for (const int call : kAllowed) {
    if (const int rc = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); rc != 0)
      failed = rc;
  }
  // Memory is never executable, and messages go to the one socket.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    const int rc =
        seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, static_cast<scmp_datum_t>(PROT_EXEC), 0));
    if (rc != 0) failed = rc;
  }
  const int rc = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1,
                                  SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(kAnswerFd)));
  if (rc != 0) failed = rc;
  if (failed != 0) return ErrnoError("seccomp_rule_add", -failed);
  if (const int loaded = seccomp_load(filter.get()); loaded != 0)
    return ErrnoError("seccomp_load", -loaded);
  return {};
}

Result<Manifest> Parse(const std::string& path) {
  TRY(LimitResources());
  const OpenFile file = TRY(OpenGguf(path));
  if (!kSanitized) {
    DenyFileAccess();
    TRY(EnterFilter());
  }
  try {
    return ParseOpenGguf(file);
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  Error error{Code::kOutOfMemory, "parsing needs more than " + FormatBytes(kAddressSpaceBytes)};
  error.field = "file";
  return error;
}

}  // namespace

int GgufChildMain(const std::string& path) {
  const Fd socket(kAnswerFd);
  auto parsed = Parse(path);
  if (!parsed.ok() && parsed.error().field.empty()) {
    Error error = parsed.ReleaseError();
    error.field = "file";
    parsed = std::move(error);
  }
  const std::string answer = EncodeAnswer(parsed);
  parsed = Error{};  // before its bytes are copied
  const auto memory = MakeSealedData("motley-manifest", std::as_bytes(std::span(answer)));
  if (!memory.ok()) return 1;
  return SendMessage(socket, std::as_bytes(std::span("m", 1)), {memory->get()}).ok() ? 0 : 1;
}

}  // namespace motley
