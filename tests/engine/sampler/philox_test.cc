#include "engine/sampler/philox.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/sampler/sampler.h"

namespace motley {
namespace {

// The known-answer vectors that Random123 publishes for philox4x32, 10 rounds.
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(UniformAt, DependsOnSeedAndPositionAlone) {
  EXPECT_EQ(UniformAt(5, 9), UniformAt(5, 9));
  std::set<double> seen;
  for (uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32, ~uint64_t{0}}) {
    for (uint64_t position = 0; position < 100; ++position) {
      const double value = UniformAt(seed, position);
      EXPECT_GE(value, 0.0);
      EXPECT_LT(value, 1.0);
      seen.insert(value);
    }
  }
  EXPECT_EQ(seen.size(), 400u);
}

TEST(UniformAt, FillsTenBinsEvenly) {
  int bins[10] = {};
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) ++bins[static_cast<int>(UniformAt(42, i) * 10)];
  double chi_square = 0;
  for (const int count : bins) chi_square += (count - 1e4) * (count - 1e4) / 1e4;
  EXPECT_LT(chi_square, 27.9);  // 9 degrees of freedom, p = 0.001
}

}  // namespace
}  // namespace motley
