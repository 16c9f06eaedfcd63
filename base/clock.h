#pragma once
// Time. Nothing else in Motley reads a clock. Owned by main() and passed by reference; any thread.

#include <cstdint>
#include <memory>

namespace motley {

class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds of a monotonic clock with an arbitrary start: deadlines and durations.
  virtual int64_t NowNs() = 0;
  // Nanoseconds since 1970-01-01 UTC: logs and timestamps only, it may jump.
  virtual int64_t WallNs() = 0;
};

// The machine's clocks (CLOCK_MONOTONIC, CLOCK_REALTIME).
Clock& RealClock();

// Turned by hand in tests and by the simulator.
class ManualClock : public Clock {
 public:
  int64_t NowNs() override { return now_ns_; }
  int64_t WallNs() override { return now_ns_; }
  void Advance(int64_t ns) { now_ns_ += ns; }
  void Set(int64_t ns) { now_ns_ = ns; }

 private:
  int64_t now_ns_ = 0;
};

inline double SecondsBetween(int64_t from_ns, int64_t to_ns) {
  return static_cast<double>(to_ns - from_ns) * 1e-9;
}

}  // namespace motley
