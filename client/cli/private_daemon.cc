#include "client/cli/private_daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

namespace motley {
namespace {

constexpr std::chrono::milliseconds kPoll{50};
constexpr std::chrono::seconds kConnect{1};
constexpr int kGraceMs = 5'000;  // from SIGTERM to SIGKILL
constexpr uint64_t kLogLimit = 1 << 20;
constexpr char kErrorMark[] = " error motleyd: ";

Result<std::string> MakeFolder() {
  const char* base = std::getenv("TMPDIR");
  std::string path = std::string(base && *base ? base : "/tmp") + "/motley-run-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return ErrnoError("cannot make " + path, errno);
  return path;
}

// The last error it logged, else the last line.
std::string LastWords(const std::string& log) {
  const size_t at = log.rfind(kErrorMark);
  const size_t from =
      at == log.npos ? log.find_last_of('\n', log.size() - 2) + 1 : at + sizeof kErrorMark - 1;
  if (log.empty() || from >= log.size()) return "";
  return log.substr(from, log.find('\n', from) - from);
}

Code CodeOf(int exit_status) {
  switch (exit_status) {
    case 2:
      return Code::kInvalidArgument;
    case 3:
      return Code::kNotFound;
    case 5:
      return Code::kUnavailable;
    case 6:
      return Code::kOutOfMemory;
    default:
      return Code::kInternal;
  }
}

}  // namespace

Result<std::unique_ptr<PrivateDaemon>> PrivateDaemon::Start(
    const std::vector<std::string>& arguments) {
  const std::string folder = TRY(MakeFolder());
  SpawnOptions options;
  options.arguments = {HelperProgram("motleyd")};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  const std::string listen = "unix:" + folder + "/http.sock", rpc = "ipc://" + folder + "/rpc.sock";
  options.arguments.insert(options.arguments.end(), {"--listen", listen, "--rpc", rpc, "--parent",
                                                     std::to_string(getpid())});
  const Fd log(open((folder + "/log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0600));
  options.fds = {{log.get(), 1}, {log.get(), 2}};
  auto child = Spawn(options);
  if (!child.ok()) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return std::move(child).ReleaseError().Fix("build it: scripts/build");
  }
  return std::unique_ptr<PrivateDaemon>(new PrivateDaemon(folder, child.ReleaseValue()));
}

PrivateDaemon::~PrivateDaemon() {
  if (!exit_status_) {
    child_.Signal(SIGTERM);
    [[maybe_unused]] const auto ended = child_.Wait(kGraceMs);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string PrivateDaemon::address() const { return "ipc://" + folder_ + "/rpc.sock"; }

Error PrivateDaemon::EndedWith(int wait_status) const {
  const auto log = ReadFile(folder_ + "/log", kLogLimit);
  const std::string words = log.ok() ? LastWords(*log) : "";
  const int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 1;
  if (words.empty() || WIFSIGNALED(wait_status)) {
    return Error{CodeOf(status), "motleyd ended: " + DescribeWaitStatus(wait_status) +
                                     (words.empty() ? "" : "; it last said: " + words)};
  }
  return Error{CodeOf(status), words};
}

std::optional<Error> PrivateDaemon::Ended() {
  if (exit_status_) return Error::Unavailable("motleyd has ended");
  const auto ended = child_.Wait(0);
  if (!ended.ok()) return std::nullopt;
  exit_status_ = WIFEXITED(*ended) && WEXITSTATUS(*ended) != 0 ? WEXITSTATUS(*ended) : 1;
  return EndedWith(*ended);
}

Result<client::Client> PrivateDaemon::WaitReady(
    const std::function<bool(const std::string&, double)>& progress) {
  const auto given_up = [] { return Error{Code::kCancelled, "interrupted"}; };
  std::optional<client::Client> client;
  while (true) {
    if (auto error = Ended()) return *error;
    if (!client) {
      if (!progress("starting", 0)) return given_up();
      if (!std::filesystem::exists(folder_ + "/rpc.sock")) {
        std::this_thread::sleep_for(kPoll);
        continue;
      }
      auto connected = client::Client::Connect(address(), kConnect);
      if (connected.ok()) client = connected.ReleaseValue();
      continue;
    }
    const auto text = client->Status(std::chrono::seconds(1));
    const auto status = nlohmann::json::parse(text.ok() ? *text : "", nullptr, false);
    if (status.is_object()) {
      if (status.value("state", "") == "ready") return std::move(*client);
      const auto doing = status.value("progress", nlohmann::json::object());
      if (!progress(doing.value("doing", "starting"), doing.value("part", 0.0))) return given_up();
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace motley
