#include "daemon/app/serve.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/os.h"
#include "daemon/app/exit_code.h"
#include "daemon/http/api.h"
#include "daemon/http/server/server.h"
#include "daemon/rpc/rpc_server.h"

namespace motley {
namespace {

constexpr double kDrainSeconds = 2;  // SIGTERM to exit stays within 5 s
constexpr std::chrono::milliseconds kLastWords{500};
constexpr std::chrono::seconds kLatestExit{4};
constexpr int kPollMs = 20;

// SIGTERM and SIGINT as a descriptor; every thread made from here on leaves them alone.
Result<Fd> BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  Fd fd(signalfd(-1, &set, SFD_CLOEXEC));
  if (!fd.valid()) return ErrnoError("signalfd", errno);
  return fd;
}

// True: a signal came. Else `ended` became true.
bool WaitForSignal(const Fd& signals, const std::atomic<bool>& ended) {
  while (!ended) {
    pollfd p{signals.get(), POLLIN, 0};
    if (poll(&p, 1, 100) > 0) return true;
  }
  return false;
}

// What has not ended by then gets an error, through whichever door it came.
void Drain(Core& core) {
  const int64_t start_ns = RealClock().NowNs();
  while (!core.Drain()) {
    if (SecondsBetween(start_ns, RealClock().NowNs()) >= kDrainSeconds) {
      return core.FailRequests(Error::Unavailable("the service is stopping"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
  }
}

// For work on a door's helpers that nobody can stop, such as probing devices.
void ExitByThen() {
  std::thread([] {
    std::this_thread::sleep_for(kLatestExit);
    std::_Exit(0);
  }).detach();
}

int Report(const Error& error) {
  LogError(error.message + (error.remedy.empty() ? "" : " (" + error.remedy + ")"));
  return ExitCode(error);
}

// Neither a start-up that still measures or loads nor a step, seconds long on a slow device, is
// waited for: nobody is promised anything by them, and their workers die with this process.
int Leave(Core& core, int status) {
  if (!core.started() || !core.Drain()) std::_Exit(status);
  return status;
}

Result<int> TryServe(const ServeOptions& options) {
  const Fd signals = TRY(BlockSignals());
  CoreOptions core_options = TRY(ToCoreOptions(options));
  core_options.progress = [last = std::string()](const std::string& what, double part) mutable {
    sd_notifyf(0, "STATUS=%s %d%%", what.c_str(), static_cast<int>(part * 100));
    if (what != last) LogInfo(what);
    last = what;
    if (what == "ready") sd_notify(0, "READY=1");
  };
  std::atomic<bool> ended{false};
  Core core(std::move(core_options), RealClock(), [&] { ended = true; });
  HttpOptions http;
  if (!options.listen.empty()) http.listen = options.listen;
  auto started = HttpServer::Start(http, MakeApi(core, RealClock()), RealClock());
  if (!started.ok()) return Leave(core, Report(started.error()));
  const auto server = started.ReleaseValue();
  for (const std::string& address : server->addresses()) LogInfo("listening on " + address);
  std::unique_ptr<RpcServer> rpc;
  if (!options.rpc.empty()) {
    rpc = TRY(RpcServer::Start(core, options.rpc));
    LogInfo("listening on " + rpc->address());
  }
  if (WaitForSignal(signals, ended)) {
    LogInfo("draining");
    ExitByThen();
    sd_notify(0, "STOPPING=1");
    Drain(core);
  }
  server->Stop(kLastWords);
  rpc.reset();
  if (const auto failure = core.failure()) return *failure;
  return Leave(core, 0);
}

}  // namespace

int Serve(const ServeOptions& options) {
  SetLogName("motleyd");
  const auto status = TryServe(options);
  return status.ok() ? *status : Report(status.error());
}

}  // namespace motley
