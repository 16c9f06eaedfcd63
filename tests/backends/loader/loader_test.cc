#include <gtest/gtest.h>

#include <algorithm>

#include "backends/backend.h"
#include "base/os.h"

namespace motley {
namespace {

TEST(LoadBackend, FindsPluginsByNameAndByPath) {
  const auto by_name = LoadBackend("cpu");
  ASSERT_TRUE(by_name.ok()) << by_name.error().message;
  EXPECT_EQ(by_name.value()->name(), "cpu");
  EXPECT_TRUE(LoadBackend(ProgramFolder() + "/../lib/motley/libmotley-backend-cpu.so").ok());
}

TEST(LoadBackend, SaysWhereItLookedForAMissingOne) {
  const auto backend = LoadBackend("abacus");
  ASSERT_FALSE(backend.ok());
  EXPECT_EQ(backend.error().code, Code::kNotFound);
  EXPECT_NE(backend.error().message.find("lib/motley"), std::string::npos);
}

TEST(LoadBackend, RefusesAnotherAbiWithBothNumbers) {
  const auto backend = LoadBackend(OLD_PLUGIN);
  ASSERT_FALSE(backend.ok());
  EXPECT_EQ(backend.error().code, Code::kUnsupported);
  EXPECT_NE(backend.error().message.find("-7"), std::string::npos);
  EXPECT_NE(backend.error().message.find(std::to_string(kBackendAbi)), std::string::npos);
}

TEST(LoadBackend, RefusesFilesThatAreNoPlugin) {
  EXPECT_EQ(LoadBackend("/proc/self/status").error().code, Code::kUnsupported);
  EXPECT_EQ(LoadBackend("/no/such/plugin.so").error().code, Code::kUnsupported);
}

TEST(ListBackends, NamesTheCpuOnce) {
  const auto names = ListBackends();
  EXPECT_EQ(std::ranges::count(names, "cpu"), 1);
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

}  // namespace
}  // namespace motley
