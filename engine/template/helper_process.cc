#include "engine/template/helper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "engine/template/sandbox_filter.h"

namespace motley {
namespace {

constexpr int kSocketNumber = 3;
constexpr int kSettingsNumber = 4;
constexpr int64_t kMs = 1'000'000;

std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Result<Fd> MakeSettings(const std::string& source, const HelperOptions& options) {
  const std::string filter = TRY(MakeHelperFilter(kSocketNumber));
  const nlohmann::json settings = {
      {"template", source},
      {"filter", Hex(filter)},
      {"memory_bytes", options.memory_bytes},
      {"output_bytes", options.output_bytes},
      {"compile_cpu_s", options.compile_cpu_ms * 1e-3},
      {"render_cpu_s", options.render_cpu_ms * 1e-3},
  };
  const std::string text = settings.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return MakeSealedData("motley-template", std::as_bytes(std::span(text)));
}

// The ends of a stream: ours, which never blocks, and the helper's.
Result<std::pair<Fd, Fd>> MakeStream() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoError("socketpair", errno);
  }
  std::pair<Fd, Fd> pair{Fd(ends[0]), Fd(ends[1])};
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return ErrnoError("fcntl", errno);
  return pair;
}

void PutLength(char* out, size_t length) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(length >> (8 * i));
}

size_t GetLength(const char* in) {
  size_t length = 0;
  for (int i = 0; i < 4; ++i) length |= size_t{static_cast<unsigned char>(in[i])} << (8 * i);
  return length;
}

}  // namespace

Result<HelperProcess> HelperProcess::Start(const std::string& source,
                                           const HelperOptions& options) {
  const Fd settings = TRY(MakeSettings(source, options));
  auto [ours, theirs] = TRY(MakeStream());
  // With TZ set, C's strftime never looks at /etc/localtime again, which the sandbox would deny.
  const char* zone = std::getenv("TZ");
  SpawnOptions spawn{
      .arguments = {options.python, "-I", "-S", "-B", "-c", options.script, options.packages},
      .fds = {{theirs.get(), kSocketNumber}, {settings.get(), kSettingsNumber}},
      .environment = {{"TZ", zone ? zone : ":/etc/localtime"}},
      .clear_environment = true,
      .quiet = true,
  };
  Result<Child> child = Spawn(spawn);
  if (!child.ok()) {
    return Error::Unavailable("chat templates need Python and jinja2: " + child.error().message)
        .Fix("apt-get install python3-jinja2");
  }
  HelperProcess helper(child.ReleaseValue(), std::move(ours), options);
  helper.start_deadline_ns_ = RealClock().NowNs() + options.start_wall_ms * kMs;
  return helper;
}

bool HelperProcess::alive() const {
  pollfd poll_fd{child_.pidfd().get(), POLLIN, 0};
  return child_.running() && poll(&poll_fd, 1, 0) == 0;
}

int64_t HelperProcess::CpuTimeNs() const {
  clockid_t clock;
  timespec time{};
  if (clock_getcpuclockid(child_.pid(), &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

Status HelperProcess::WaitFor(int events, const Deadline& deadline) {
  while (true) {
    const int64_t now = RealClock().NowNs();
    const bool late = now >= deadline.wall_ns;
    if (late && (now >= deadline.starved_wall_ns || CpuTimeNs() >= deadline.cpu_ns)) {
      child_.Signal(SIGKILL);
      return Error::Unavailable("the chat template did not finish within " +
                                std::to_string(deadline.limit_ms) + " ms");
    }
    const int64_t wait_ms = late ? 10 : (deadline.wall_ns - now) / kMs + 1;
    pollfd poll_fd{socket_.get(), static_cast<short>(events), 0};
    const int ready = poll(&poll_fd, 1, static_cast<int>(wait_ms));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return ErrnoError("poll", errno);
  }
}

Status HelperProcess::Write(const char* data, size_t bytes, const Deadline& deadline) {
  while (bytes > 0) {
    const ssize_t sent = send(socket_.get(), data, bytes, MSG_NOSIGNAL);
    if (sent > 0) {
      data += sent;
      bytes -= static_cast<size_t>(sent);
    } else if (errno == EAGAIN) {
      TRY(WaitFor(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return WhyItEnded();
    }
  }
  return {};
}

Status HelperProcess::Read(char* data, size_t bytes, const Deadline& deadline) {
  while (bytes > 0) {
    const ssize_t got = recv(socket_.get(), data, bytes, 0);
    if (got > 0) {
      data += got;
      bytes -= static_cast<size_t>(got);
    } else if (got < 0 && errno == EAGAIN) {
      TRY(WaitFor(POLLIN, deadline));
    } else if (got == 0 || errno != EINTR) {
      return WhyItEnded();
    }
  }
  return {};
}

Error HelperProcess::WhyItEnded() {
  child_.Signal(SIGKILL);  // it may have closed the socket only
  const Result<int> status = child_.Wait(1000);
  if (status.ok() && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGPROF) {
    return Error::Unavailable("the chat template used up its CPU time (compiling " +
                              std::to_string(options_.compile_cpu_ms) + " ms, rendering " +
                              std::to_string(options_.render_cpu_ms) + " ms)");
  }
  return Error::Unavailable("the template helper ended: " +
                            (status.ok() ? DescribeWaitStatus(*status) : status.error().message));
}

Result<HelperFrame> HelperProcess::ReadFrame(const Deadline& deadline) {
  char header[5];
  TRY(Read(header, sizeof(header), deadline));
  constexpr std::string_view kKinds = "RTESFLMU";
  const size_t length = GetLength(header + 1);
  if (kKinds.find(header[0]) == std::string_view::npos || length > options_.output_bytes) {
    child_.Signal(SIGKILL);
    return Error::Unavailable("the template helper sent " + std::to_string(length) +
                              " bytes, limit " + std::to_string(options_.output_bytes));
  }
  HelperFrame frame{static_cast<HelperReply>(header[0]), std::string(length, '\0')};
  TRY(Read(frame.text.data(), length, deadline));
  return frame;
}

Result<HelperFrame> HelperProcess::AwaitFirst() {
  return ReadFrame({start_deadline_ns_, start_deadline_ns_, 0, options_.start_wall_ms});
}

Result<HelperFrame> HelperProcess::Exchange(const std::string& variables) {
  if (variables.size() > options_.input_bytes) {
    return Error::Invalid("messages", std::to_string(variables.size()) +
                                          " bytes for the chat template, limit " +
                                          std::to_string(options_.input_bytes));
  }
  const int64_t now = RealClock().NowNs();
  const Deadline deadline{now + options_.render_wall_ms * kMs, now + options_.starved_wall_ms * kMs,
                          CpuTimeNs() + options_.render_cpu_ms * kMs / 2, options_.render_wall_ms};
  char length[4];
  PutLength(length, variables.size());
  TRY(Write(length, sizeof(length), deadline));
  TRY(Write(variables.data(), variables.size(), deadline));
  return ReadFrame(deadline);
}

}  // namespace motley
