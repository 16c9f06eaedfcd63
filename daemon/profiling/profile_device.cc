#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/profiling/child/messages.h"
#include "daemon/profiling/profiling.h"
#include "daemon/profiling/start_child.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kLookMs = 100;
// Opening a device, its first kernels and a dear point may take long; a device that is silent for
// this long hangs.
constexpr double kSilentSeconds = 180, kStopSeconds = 5;

OpProfile ProfileOf(const DeviceInfo& d) {
  OpProfile profile;
  profile.id = d.id;
  profile.kind = d.kind;
  profile.name = d.name;
  profile.uuid = d.uuid;
  profile.driver = DriverAndCap(d, "");
  profile.kernels = d.kernels;
  profile.memory_bytes = static_cast<double>(d.memory_bytes);
  profile.usable_bytes = static_cast<double>(d.free_bytes);
  return profile;
}

// Reads what one child says until it has said all.
class Listener {
 public:
  Listener(const DeviceInfo& device, Fd socket, Child child, const ProfileWatch& watch)
      : device_(device), socket_(std::move(socket)), child_(std::move(child)), watch_(watch) {
    run_.profile = ProfileOf(device);
  }

  DeviceRun Listen() {
    heard_ = RealClock().NowNs();
    while (!done_) {
      auto message = profiling::Receive(socket_, kLookMs);
      if (message.ok()) {
        heard_ = RealClock().NowNs();
        const Status taken = Take(*message);
        if (!taken.ok()) Fail("said what makes no sense: " + taken.error().message);
      } else if (message.error().code != Code::kCancelled) {
        Fail(HowItEnded());
      } else {
        LookAround();
      }
    }
    return std::move(run_);
  }

 private:
  void Fail(const std::string& how) {
    done_ = true;
    run_.error = Error::Unavailable("profiling " + device_.id + " (" + device_.name + "): " + how);
  }

  std::string HowItEnded() {
    const auto status = child_.Wait(1000);
    return "its process ended with " +
           (status.ok() ? DescribeWaitStatus(*status) : std::string("no answer")) +
           (run_.profile.points.empty() ? std::string(" before the first point")
                                        : " after " + run_.profile.points.back().sweep + " " +
                                              run_.profile.points.back().where);
  }

  void LookAround() {
    const int64_t now = RealClock().NowNs();
    if (stopped_at_ == 0 && watch_.stop && watch_.stop()) {
      stopped_at_ = now;
      run_.stopped = true;
      (void)profiling::Send(socket_, {{"stop", true}});
    }
    if (stopped_at_ != 0 && SecondsBetween(stopped_at_, now) > kStopSeconds) done_ = true;
    if (SecondsBetween(heard_, now) > kSilentSeconds) {
      Fail("nothing happened for " + std::to_string(static_cast<int>(kSilentSeconds)) + " s");
    }
  }

  // A point that is visited again comes again.
  void Take(const OpPoint& point) {
    auto& points = run_.profile.points;
    const auto same = std::ranges::find_if(
        points, [&](const OpPoint& p) { return p.sweep == point.sweep && p.where == point.where; });
    same == points.end() ? points.push_back(point) : void(*same = point);
  }

  Status Take(const json& message) {
    if (message.contains("point")) {
      const OpPoint point = TRY(OpPointFromJson(message["point"], "point"));
      Take(point);
      run_.profile.measured_at_s = RealClock().WallNs() / 1'000'000'000;
      if (watch_.point) watch_.point(point);
    } else if (message.contains("progress") && message["progress"].is_object()) {
      const json& progress = message["progress"];
      if (watch_.progress) watch_.progress(progress.value("sweep", ""), progress.value("part", 0.));
    } else if (message.contains("skipped") && message["skipped"].is_object()) {
      const json& skipped = message["skipped"];
      run_.profile.skipped.push_back({skipped.value("sweep", ""), skipped.value("reason", "")});
      if (watch_.skipped) watch_.skipped(run_.profile.skipped.back());
    } else if (message.contains("self_test")) {
      run_.profile.self_test = TRY(SelfTestFromJson(message["self_test"], "self_test"));
      done_ = true;
    } else if (message.contains("error")) {
      Error error = profiling::ErrorFromJson(message["error"]);
      error.message = "profiling " + device_.id + ": " + error.message;
      run_.error = std::move(error);
      done_ = true;
    }
    return {};
  }

  const DeviceInfo& device_;
  const Fd socket_;
  Child child_;
  const ProfileWatch& watch_;
  DeviceRun run_;
  bool done_ = false;
  int64_t heard_ = 0, stopped_at_ = 0;
};

}  // namespace

Result<profiling::StartedChild> profiling::StartChild(const DeviceInfo& device) {
  auto [ours, theirs] = TRY(MakeSocketPair());
  const std::vector<std::string> arguments = {HelperProgram("motley-worker"), "--profile",
                                              device.backend, device.id};
  Child child =
      TRY(Spawn({.arguments = arguments, .fds = {{theirs.get(), kProfileFd}}, .quiet = true}));
  return StartedChild{std::move(ours), std::move(child)};
}

Result<DeviceRun> ProfileDevice(const DeviceInfo& device, const ProfileOptions& options,
                                const ProfileWatch& watch) {
  auto [socket, child] = TRY(profiling::StartChild(device));
  TRY(profiling::Send(socket, profiling::ToJson(options)));
  return Listener(device, std::move(socket), std::move(child), watch).Listen();
}

}  // namespace motley
