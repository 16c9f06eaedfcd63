#include "scheduler/batching/blocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace motley {
namespace {

using ::testing::ElementsAre;

TEST(BlockLedger, GrowsByWholeBlocksLowestFirst) {
  BlockLedger ledger(4, 16);
  std::vector<int32_t> held;
  EXPECT_TRUE(ledger.Grow(held, 1));
  EXPECT_TRUE(ledger.Grow(held, 16));
  EXPECT_THAT(held, ElementsAre(0));
  EXPECT_TRUE(ledger.Grow(held, 17));
  EXPECT_THAT(held, ElementsAre(0, 1));
  EXPECT_EQ(ledger.free(), 2);
  EXPECT_EQ(ledger.TokensWithin(held), 64);
}

TEST(BlockLedger, TakesNothingWhenTooFewAreFree) {
  BlockLedger ledger(2, 16);
  std::vector<int32_t> held;
  EXPECT_FALSE(ledger.Grow(held, 33));
  EXPECT_TRUE(held.empty());
  EXPECT_EQ(ledger.free(), 2);
}

TEST(BlockLedger, ReleasedBlocksGoOutAgain) {
  BlockLedger ledger(3, 1);
  std::vector<int32_t> a, b;
  EXPECT_TRUE(ledger.Grow(a, 2));
  EXPECT_TRUE(ledger.Grow(b, 1));
  ledger.Release(a);
  EXPECT_TRUE(a.empty());
  EXPECT_TRUE(ledger.Grow(b, 3));
  EXPECT_THAT(b, ElementsAre(2, 0, 1));
}

}  // namespace
}  // namespace motley
