#include "client/cli/doctor/checks.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace motley {
namespace {

const Check* Find(const std::vector<Check>& checks, const std::string& what) {
  const auto found = std::ranges::find(checks, what, &Check::what);
  return found == checks.end() ? nullptr : &*found;
}

// A card on an x16 slot, and what the machine says of itself.
Inventory Box() {
  Inventory box;
  InventoryEntry& card = box.devices.emplace_back();
  card.info.id = "nv0";
  card.info.name = "a card";
  card.info.state = "ready";
  card.function = PciFunction{.address = "0000:01:00.0", .vendor = 0x10de, .class_code = 0x030000};
  card.function->link = {.generation = 4, .lanes = 16};
  box.facts.functions.push_back(*card.function);
  box.facts.root = "recorded";
  box.facts.attributes = {{"sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never"},
                          {"proc/self/limits", "Max locked memory  unlimited  unlimited  bytes"}};
  return box;
}

TEST(Doctor, SaysWhatIsRightToo) {
  const std::vector<Check> checks = CheckMachine(Box());
  for (const char* what :
       {"nv0", "drivers", "permissions", "links", "huge pages", "locked memory"}) {
    const Check* check = Find(checks, what);
    ASSERT_NE(check, nullptr) << what;
    EXPECT_EQ(check->level, "ok") << what;
    EXPECT_NE(check->text, "") << what;
  }
  EXPECT_EQ(Find(checks, "huge pages")->text, "transparent: madvise");
}

TEST(Doctor, SaysNothingIsRightThatIsNot) {
  Inventory box = Box();
  box.facts.attributes["sys/kernel/mm/transparent_hugepage/enabled"] = "always madvise [never]";
  box.facts.attributes["proc/self/limits"] = "Max locked memory  8388608  8388608  bytes";
  box.devices[0].findings = {{114, "degraded", "x8 of x16", "reseat it"},
                             {140, "no-driver", "no module", "apt"},
                             {121, "no-access", "not in render", "usermod"}};
  const std::vector<Check> checks = CheckMachine(box);
  EXPECT_EQ(Find(checks, "drivers"), nullptr);
  EXPECT_EQ(Find(checks, "permissions"), nullptr);
  EXPECT_EQ(Find(checks, "links"), nullptr);
  for (const char* what : {"huge pages", "locked memory"}) {
    ASSERT_NE(Find(checks, what), nullptr) << what;
    EXPECT_EQ(Find(checks, what)->level, "warn") << what;
    EXPECT_NE(Find(checks, what)->fix, "") << what;
  }
  EXPECT_EQ(std::ranges::count(checks, "nv0", &Check::what), 3);
  EXPECT_EQ(std::ranges::count(checks, "fail", &Check::level), 2);
}

}  // namespace
}  // namespace motley
