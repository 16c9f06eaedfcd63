#include "daemon/planning/inventory.h"

#include <gtest/gtest.h>

#include <deque>

namespace motley {
namespace {

constexpr int64_t kMs = 1'000'000;
using Action = DeviceEvent::Action;

DeviceEvent Event(Action action, const std::string& subsystem = "pci") {
  return {action, subsystem, "/devices/pci0000:00/0000:21:00.0", "0000:21:00.0"};
}

Inventory Machine(const std::vector<std::pair<std::string, std::string>>& ids_and_pci) {
  Inventory machine;
  for (const auto& [id, pci] : ids_and_pci) {
    DeviceInfo& info = machine.devices.emplace_back().info;
    info.id = id;
    info.pci = pci;
    info.name = "card";
    info.state = "ready";
  }
  return machine;
}

// At a time of the manual clock, which waiting turns.
struct Script {
  std::deque<std::pair<int64_t, DeviceEvent>> events;
  bool ends = false;
};

class ScriptedEvents : public DeviceEvents {
 public:
  ScriptedEvents(Script* script, ManualClock* clock) : script_(*script), clock_(*clock) {}
  Result<std::optional<DeviceEvent>> Next(int timeout_ms) override {
    if (script_.ends) return Error::Unavailable("the script ended");
    const int64_t until = clock_.NowNs() + timeout_ms * kMs;
    if (script_.events.empty() || script_.events.front().first > until) {
      clock_.Set(until);
      return std::optional<DeviceEvent>();
    }
    clock_.Set(std::max(clock_.NowNs(), script_.events.front().first));
    const DeviceEvent event = script_.events.front().second;
    script_.events.pop_front();
    return std::optional(event);
  }

 private:
  Script& script_;
  ManualClock& clock_;
};

class InventoryTest : public testing::Test {
 protected:
  void At(int64_t ms, DeviceEvent event) {
    script_.events.emplace_back(ms * kMs, std::move(event));
  }
  // Turns the keeper until the clock shows `ms`.
  void RunUntil(int64_t ms) {
    while (clock_.NowNs() < ms * kMs) keeper_.Turn();
  }
  size_t Devices() { return (*keeper_.Current())->devices.size(); }

  ManualClock clock_;
  Script script_;
  Inventory machine_ = Machine({{"cpu0", ""}});
  std::optional<Error> failure_;
  std::vector<int64_t> scans_ms_;
  InventoryKeeper keeper_{[this]() -> Result<Inventory> {
                            scans_ms_.push_back(clock_.NowNs() / kMs);
                            if (failure_) return *failure_;
                            return machine_;
                          },
                          std::make_unique<ScriptedEvents>(&script_, &clock_), clock_};
};

TEST_F(InventoryTest, ReadsTheMachineOnceAndThenWatches) {
  RunUntil(10'000);
  EXPECT_EQ(scans_ms_, std::vector<int64_t>{0});
  EXPECT_EQ(Devices(), 1u);
}

TEST_F(InventoryTest, ACardThatComesIsThereAfterTheQuietTime) {
  RunUntil(1000);
  machine_ = Machine({{"cpu0", ""}, {"nv0", "0000:21:00.0"}});
  At(2000, Event(Action::kAdd));
  RunUntil(2200);
  EXPECT_EQ(Devices(), 1u);
  RunUntil(3000);
  EXPECT_EQ(Devices(), 2u);
  ASSERT_EQ(scans_ms_.size(), 2u);
  EXPECT_GE(scans_ms_[1], 2300);
  EXPECT_LE(scans_ms_[1], 2302);
  EXPECT_EQ(keeper_.counts().came, 1u);
  EXPECT_EQ(keeper_.counts().devices, 2u);
}

TEST_F(InventoryTest, ACardThatGoesIsGone) {
  machine_ = Machine({{"cpu0", ""}, {"nv0", "0000:21:00.0"}});
  At(1000, Event(Action::kRemove));
  RunUntil(500);
  EXPECT_EQ(Devices(), 2u);
  machine_ = Machine({{"cpu0", ""}});
  RunUntil(2000);
  EXPECT_EQ(Devices(), 1u);
  EXPECT_EQ(keeper_.counts().went, 1u);
  EXPECT_EQ(keeper_.counts().came, 0u);
}

TEST_F(InventoryTest, ABurstIsReadOnce) {
  for (int i = 0; i < 20; ++i) At(1000 + 50 * i, Event(Action::kChange));
  RunUntil(5000);
  EXPECT_EQ(scans_ms_.size(), 2u);
  EXPECT_EQ(keeper_.counts().events, 20u);
}

// Without an end to the burst there would be no scan at all.
TEST_F(InventoryTest, AnEndlessBurstIsReadEveryThreeSeconds) {
  for (int i = 0; i < 100; ++i) At(1000 + 100 * i, Event(Action::kChange));
  RunUntil(10'500);
  EXPECT_EQ(scans_ms_.size(), 4u) << "at 0, 4, 7.1 and 10.2 s";
}

TEST_F(InventoryTest, DisksThatComeAreNotDevices) {
  At(1000, Event(Action::kAdd, "block"));
  RunUntil(3000);
  EXPECT_EQ(scans_ms_.size(), 1u);
  EXPECT_EQ(keeper_.counts().events, 0u);
}

TEST_F(InventoryTest, LostEventsReadTheMachineAnew) {
  At(1000, {Action::kLost, "", "", ""});
  RunUntil(3000);
  EXPECT_EQ(scans_ms_.size(), 2u);
}

TEST_F(InventoryTest, AnOldInventoryIsAnsweredAtOnceAndReadBehindTheAnswer) {
  RunUntil(61'000);
  EXPECT_EQ(scans_ms_.size(), 1u) << "nobody asked";
  machine_ = Machine({{"cpu0", ""}, {"nv0", "0000:21:00.0"}});
  EXPECT_EQ(Devices(), 1u);
  RunUntil(62'000);
  EXPECT_EQ(Devices(), 2u);
  EXPECT_EQ(scans_ms_.size(), 2u);
}

TEST_F(InventoryTest, AScanThatFailsLaterLeavesWhatWasKnown) {
  RunUntil(1000);
  failure_ = Error::Unavailable("no sysfs");
  At(1000, Event(Action::kAdd));
  RunUntil(3000);
  EXPECT_EQ(scans_ms_.size(), 2u);
  EXPECT_EQ(Devices(), 1u);
}

TEST_F(InventoryTest, AFirstScanThatFailsIsTheAnswerUntilOneWorks) {
  failure_ = Error::Unavailable("no sysfs");
  RunUntil(500);
  const auto current = keeper_.Current();
  ASSERT_FALSE(current.ok());
  EXPECT_EQ(current.error().message, "no sysfs");
  failure_.reset();
  At(1000, Event(Action::kAdd));
  RunUntil(3000);
  EXPECT_EQ(Devices(), 1u);
}

TEST_F(InventoryTest, ASourceThatEndsLeavesTheInventory) {
  RunUntil(1000);
  script_.ends = true;
  keeper_.Turn();
  EXPECT_EQ(Devices(), 1u);
}

TEST(Changes, ADeviceIsKnownByItsAddressNotByItsNumber) {
  const Inventory before = Machine({{"nv0", "0000:21:00.0"}, {"nv1", "0000:41:00.0"}});
  const Inventory after = Machine({{"nv0", "0000:41:00.0"}});
  const auto changes = Changes(before, after);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].text, "device nv0 went: card, 0000:21:00.0, ready");
}

TEST(Changes, AStateThatChangesIsToldWithItsReason) {
  const Inventory before = Machine({{"nv0", "0000:21:00.0"}});
  Inventory after = before;
  after.devices[0].info.state = "no-driver";
  after.devices[0].info.reason = "no module is bound";
  const auto changes = Changes(before, after);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].text, "device nv0 is no-driver, was ready: no module is bound");
}

// The thread's way: who asks early waits for the first scan, and the end waits for nothing else.
TEST(InventoryKeeper, OnItsThreadTheFirstAnswerIsTheFirstScan) {
  InventoryKeeper keeper(
      []() -> Result<Inventory> {
        return Machine({{"cpu0", ""}});
      },
      nullptr, RealClock());
  keeper.Start();
  const auto current = keeper.Current();
  ASSERT_TRUE(current.ok());
  EXPECT_EQ((*current)->devices.size(), 1u);
  EXPECT_EQ(keeper.counts().scans, 1u);
}

}  // namespace
}  // namespace motley
