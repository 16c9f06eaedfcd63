// The parsing process as tests start it, and the ways in which such a process can go wrong, by the
// file's name.

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/os.h"
#include "engine/gguf/manifest.h"
#include "engine/gguf/wire.h"

namespace {

using namespace motley;

int Answer(std::string_view bytes, bool sealed) {
  const Bytes data = std::as_bytes(std::span(bytes));
  const auto memory =
      sealed ? MakeSealedData("answer", data) : MakeSharedMemory("answer", data.size());
  const Fd socket(3);
  return SendMessage(socket, data.first(1), {memory->get()}).ok() ? 0 : 1;
}

int LieAboutATensor() {
  Manifest manifest;
  manifest.metadata["general.architecture"] = std::string("llama");
  manifest.tensors.push_back({"token_embd.weight", TensorType::kF32, {32}, 1ull << 40, 128});
  return Answer(EncodeAnswer(std::move(manifest)), true);
}

// What the process tries once it is shut in: its exit status, when it lives to give one.
int Try(std::string_view deed) {
  if (deed == "open") return open("/dev/null", O_RDONLY) >= 0 ? 0 : errno;
  if (deed == "socket") return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
  if (deed == "execute") return execl("/bin/true", "true", nullptr) == 0 ? 0 : errno;
  const int protection = deed == "executable-memory" ? PROT_READ | PROT_EXEC : PROT_READ;
  const size_t size = deed == "grow" ? 300ull << 20 : 4096;
  return mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno
                                                                                           : 0;
}

// Parses, and exits with the peak of the resident size in MiB, at most 255. /proc is opened before
// the filter closes.
int Measure(const std::string& path) {
  const Fd status(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  GgufChildMain(path);
  char text[8192] = {};
  if (read(status.get(), text, sizeof text - 1) <= 0) return 255;
  const char* peak = std::strstr(text, "VmHWM:");
  return peak ? std::min(255, std::atoi(peak + 6) / 1024) : 255;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || std::string_view(argv[1]) != "--parse-gguf") return 2;
  const std::string path = argv[2];
  if (argc == 4 && std::string_view(argv[3]) == "measure") return Measure(path);
  if (argc == 4) return GgufChildMain(path) == 0 ? Try(argv[3]) : 99;
  if (path.ends_with("/dies")) return raise(SIGKILL);
  if (path.ends_with("/leaves")) return 7;
  if (path.ends_with("/sleeps")) return static_cast<int>(sleep(1000));
  if (path.ends_with("/babbles")) return Answer("nonsense", true);
  if (path.ends_with("/unsealed")) return Answer("nonsense", false);
  if (path.ends_with("/lies")) return LieAboutATensor();
  return GgufChildMain(path);
}
