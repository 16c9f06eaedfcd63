#include "scheduler/replan/trigger.h"

#include <gtest/gtest.h>

#include <limits>

namespace motley {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::vector<DeviceHealth> Two(double slowdown = 1, bool drifted = false) {
  return {{"nv0", 1, false}, {"amd0", slowdown, drifted}};
}

TEST(ReplanTrigger, TheFirstLookOnlyRemembers) {
  ReplanTrigger trigger;
  EXPECT_FALSE(trigger.Look(0, Two()));
}

TEST(ReplanTrigger, ADeviceThatGoesOrComesIsToldAtOnce) {
  ReplanTrigger trigger;
  trigger.Look(0, Two());
  auto request = trigger.Look(1, {{"nv0"}});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->cause, ReplanCause::kDeviceGone);
  EXPECT_EQ(request->device, "amd0");
  EXPECT_FALSE(trigger.Look(2, {{"nv0"}}));
  request = trigger.Look(3, Two());
  ASSERT_TRUE(request);
  EXPECT_EQ(request->cause, ReplanCause::kDeviceCame);
  EXPECT_EQ(request->device, "amd0");
}

TEST(ReplanTrigger, OfTwoThatGoEachIsTold) {
  ReplanTrigger trigger;
  trigger.Look(0, Two());
  EXPECT_EQ(trigger.Look(1, {})->device, "amd0");
  EXPECT_EQ(trigger.Look(2, {})->device, "nv0");
  EXPECT_FALSE(trigger.Look(3, {}));
}

TEST(ReplanTrigger, ASlowDeviceIsToldOnceAfterTenSeconds) {
  ReplanTrigger trigger;
  trigger.Look(0, Two());
  EXPECT_FALSE(trigger.Look(1 * kSecond, Two(1.2)));
  EXPECT_FALSE(trigger.Look(10 * kSecond, Two(1.2)));
  const auto request = trigger.Look(11 * kSecond, Two(1.2));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->cause, ReplanCause::kThrottled);
  EXPECT_EQ(request->device, "amd0");
  EXPECT_FALSE(trigger.Look(30 * kSecond, Two(1.2)));
}

TEST(ReplanTrigger, AShortDipOrASmallOneIsNothing) {
  ReplanTrigger trigger;
  trigger.Look(0, Two());
  EXPECT_FALSE(trigger.Look(1 * kSecond, Two(1.5)));
  EXPECT_FALSE(trigger.Look(9 * kSecond, Two(1.0)));
  EXPECT_FALSE(trigger.Look(12 * kSecond, Two(1.5))) << "the ten seconds begin again";
  EXPECT_FALSE(trigger.Look(40 * kSecond, Two(1.14)));
}

TEST(ReplanTrigger, ADeviceThatGotFasterIsToldToo) {
  ReplanTrigger trigger;
  trigger.Look(0, Two());
  trigger.Look(1 * kSecond, Two(0.8));
  EXPECT_EQ(trigger.Look(11 * kSecond, Two(0.8))->cause, ReplanCause::kThrottled);
}

TEST(ReplanTrigger, DriftIsToldAndEveryMinuteAnyhow) {
  ReplanTrigger trigger;
  trigger.Look(0, Two());
  EXPECT_EQ(trigger.Look(5 * kSecond, Two(1, true))->cause, ReplanCause::kDrift);
  EXPECT_FALSE(trigger.Look(60 * kSecond, Two()));
  EXPECT_EQ(trigger.Look(65 * kSecond, Two())->cause, ReplanCause::kPeriodic);
  EXPECT_FALSE(trigger.Look(66 * kSecond, Two()));
}

TEST(ReplanTrigger, ANumberThatIsNoneChangesNothing) {
  ReplanTrigger trigger;
  trigger.Look(0, Two());
  trigger.Look(1 * kSecond, Two(kUnknown));
  EXPECT_FALSE(trigger.Look(20 * kSecond, Two(kUnknown)));
}

}  // namespace
}  // namespace motley
