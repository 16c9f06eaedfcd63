#include "hwprofiles/cards/imagine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace motley {
namespace {

using testing::HasSubstr;

class Imagine : public testing::Test {
 protected:
  Imagine() : catalog_(*Catalog()) {
    machine_.devices.resize(2);
    machine_.devices[0].id = "cpu0";
    machine_.devices[0].kind = "cpu";
    machine_.devices[1].id = "amd0";
    machine_.devices[1].kind = "gpu";
    machine_.links = {{"host", "amd0", 5, 3e9}, {"amd0", "host", 5, 3e9}};
    machine_.default_link = {"", "", 1, 50e9};
  }
  CardChoice Card(const char* text) { return *ParseCard(catalog_, text); }

  std::vector<CatalogEntry> catalog_;
  MachineProfile machine_;
};

TEST_F(Imagine, ACardIsNamedWithItsSlotAndNumber) {
  EXPECT_EQ(Card("RTX 3090").entry->id, "rtx-3090");
  EXPECT_EQ(Card("rtx-3090").slot.lanes, 16);
  const CardChoice two = Card("rtx-3090@gen3x8*2");
  EXPECT_EQ(two.slot.generation, 3);
  EXPECT_EQ(two.slot.lanes, 8);
  EXPECT_EQ(two.count, 2);
  EXPECT_EQ(Card("rtx-3090@gen6x16").slot.generation, 4) << "no more than it was built for";
}

TEST_F(Imagine, WhatIsNoCardIsRefusedWithTheForm) {
  for (const char* text : {"rtx-3090@gen9x16", "rtx-3090@x8", "rtx-3090@gen3x17", "rtx-3090*0",
                           "rtx-3090*x", "rtx-3090@gen3x8junk", "rtx-3090*99999999999"}) {
    const auto card = ParseCard(catalog_, text);
    ASSERT_FALSE(card.ok()) << text;
    EXPECT_EQ(card.error().code, Code::kInvalidArgument) << text;
    EXPECT_THAT(card.error().message, HasSubstr("genGxL"));
  }
  EXPECT_EQ(ParseCard(catalog_, "rtx-309").error().code, Code::kNotFound);
  EXPECT_THAT(ParseCard(catalog_, "rtx-309").error().remedy, HasSubstr("rtx-3090"));
}

TEST_F(Imagine, AProcessorIsNoCard) {
  for (const CatalogEntry& entry : catalog_) {
    if (entry.kind != "cpu") continue;
    EXPECT_EQ(ParseCard(catalog_, entry.id).error().code, Code::kInvalidArgument) << entry.id;
  }
}

TEST_F(Imagine, EveryCardOfTheCatalogIsWholeOrRefused) {
  int added = 0;
  for (const CatalogEntry& entry : catalog_) {
    const auto card = ParseCard(catalog_, entry.id);
    if (!card.ok()) continue;
    MachineProfile machine = machine_;
    ASSERT_TRUE(AddCards(*card, &machine).ok()) << entry.id;
    ++added;
    const DeviceProfile& device = machine.devices.back();
    EXPECT_GT(device.peak->bytes_per_s, 0) << entry.id;
    EXPECT_GT(device.usable_bytes, 0) << entry.id;
    EXPECT_LT(device.usable_bytes, device.memory_bytes) << entry.id;
    EXPECT_GT(machine.Link("host", device.id).bytes_per_s, 0) << entry.id;
  }
  EXPECT_GE(added, 60);
}

//  cpu0 = host --50 GB/s--    host --3 GB/s-- amd0    host --gen3 x8-- rtx-3090
TEST_F(Imagine, TheWayToAnotherCardGoesThroughTheHost) {
  ASSERT_TRUE(AddCards(Card("rtx-3090@gen3x8"), &machine_).ok());
  const double slot = machine_.Link("host", "rtx-3090").bytes_per_s;
  EXPECT_NEAR(slot, 0.8 * 8 * 0.985e9, 1e6);
  EXPECT_EQ(machine_.Link("cpu0", "rtx-3090").bytes_per_s, slot);
  EXPECT_EQ(machine_.Link("rtx-3090", "amd0").bytes_per_s, 3e9);
  EXPECT_GT(machine_.Link("rtx-3090", "amd0").latency_us,
            machine_.Link("cpu0", "rtx-3090").latency_us);
}

TEST_F(Imagine, TwoOfACardGetNamesOfTheirOwn) {
  ASSERT_TRUE(AddCards(Card("rtx-3090*2"), &machine_).ok());
  EXPECT_EQ(machine_.devices[2].id, "rtx-3090");
  EXPECT_EQ(machine_.devices[3].id, "rtx-3090.1");
  EXPECT_GT(machine_.Link("rtx-3090", "rtx-3090.1").bytes_per_s, 0);
  const auto read = MachineFromJson(ToJson(machine_));
  EXPECT_TRUE(read.ok()) << read.error().message;
}

TEST_F(Imagine, ADeviceIsTakenOutWithItsLinks) {
  ASSERT_TRUE(TakeOut("amd0", &machine_).ok());
  EXPECT_EQ(machine_.devices.size(), 1u);
  EXPECT_TRUE(machine_.links.empty());
  const Status missing = TakeOut("nv7", &machine_);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("it has cpu0"));
}

}  // namespace
}  // namespace motley
