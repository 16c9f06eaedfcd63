#include "base/nearest.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("Qwen", "qwen"), 0u);
}

TEST(NearestName, PicksTheLeastDistance) {
  EXPECT_EQ(NearestName("gema", {"smollm2", "gemma"}), "gemma");
  EXPECT_EQ(NearestName("x", {}), "");
  EXPECT_EQ(NearestName(std::string(1 << 20, 'x'), {"a"}), "a");
}

}  // namespace
}  // namespace motley
