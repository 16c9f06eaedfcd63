#include "base/clock.h"

#include <chrono>

namespace motley {
namespace {

template <class C>
int64_t Ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(C::now().time_since_epoch()).count();
}

class MachineClock : public Clock {
 public:
  int64_t NowNs() override { return Ns<std::chrono::steady_clock>(); }
  int64_t WallNs() override { return Ns<std::chrono::system_clock>(); }
};

}  // namespace

Clock& RealClock() {
  static MachineClock clock;
  return clock;
}

}  // namespace motley
