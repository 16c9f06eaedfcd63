#pragma once
// When to ask the planner again: at once when a device goes or comes, soon when one is not as fast
// as it was planned with, now and then otherwise. Solving costs milliseconds, so it is done often;
// whether to move is another question (move.h). Pure but for what it remembers; one thread; time is
// the caller's. Source of the numbers: docs/how-motley-plans.md, "When to move".

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace motley {

// What is seen of a device of the machine.
struct DeviceHealth {
  std::string device;
  double slowdown = 1;   // measured time of a step over the predicted one
  bool drifted = false;  // its drift alarm has gone off since the last call
};

enum class ReplanCause { kDeviceGone, kDeviceCame, kThrottled, kDrift, kPeriodic };
const char* ReplanCauseName(ReplanCause cause);  // "device gone", ...

struct ReplanRequest {
  ReplanCause cause = ReplanCause::kPeriodic;
  std::string device;  // whose; empty for kPeriodic
};

class ReplanTrigger {
 public:
  static constexpr double kSlowdownBand = 0.15;  // of 1, both ways
  static constexpr int64_t kSlowdownNs = 10'000'000'000;
  static constexpr int64_t kPeriodNs = 60'000'000'000;

  // `devices`: those that are there now. The first call only remembers them. At most one request a
  // call, the most urgent; none of a cause that has been told and has not ended since.
  std::optional<ReplanRequest> Look(int64_t now_ns, const std::vector<DeviceHealth>& devices);

 private:
  struct Seen {
    std::optional<int64_t> off_since_ns;  // outside of the band
    bool told = false;                    // of this excursion
  };
  std::optional<ReplanRequest> Changes(const std::vector<DeviceHealth>& devices);
  std::optional<ReplanRequest> Slowdowns(int64_t now_ns, const std::vector<DeviceHealth>& devices);

  std::map<std::string, Seen> seen_;
  bool started_ = false;
  int64_t last_ns_ = 0;  // of the last request, or the first call
};

}  // namespace motley
