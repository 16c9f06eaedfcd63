#include "kernels/dequantize/dequantize.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/dequantize/half.h"

namespace motley {
namespace {

using enum TensorType;

// Three blocks of bytes from a fixed generator, with the binary16 fields forced to be moderate.
std::vector<uint8_t> FixedBlocks(TensorType type, const std::vector<size_t>& halfs) {
  const auto step = static_cast<size_t>(Traits(type).block_bytes);
  std::vector<uint8_t> data(3 * step);
  uint32_t state = 12345;
  for (uint8_t& byte : data) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(state >> 24);
  }
  for (size_t block = 0; block < data.size(); block += step) {
    for (size_t half : halfs) {
      uint8_t& high = data[block + half + 1];
      high = static_cast<uint8_t>(0x2c | (high & 0x83));
    }
  }
  return data;
}

uint64_t Fnv1a(const std::vector<float>& values) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const float value : values) {
    const float no_minus_zero = value + 0.0f;
    uint8_t bytes[4];
    std::memcpy(bytes, &no_minus_zero, 4);
    for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  }
  return hash;
}

struct Case {
  TensorType type;
  std::vector<size_t> halfs;  // where d, m or dmin are in a block
  uint64_t hash;  // of the floats that the Python package gguf 0.19 makes of the same bytes
};

TEST(DequantizeRow, AgreesToTheBitWithTheGgufPackage) {
  const Case cases[] = {
      {kQ4_0, {0}, 0x3a80843a4a65e95c},    {kQ4_1, {0, 2}, 0x72aba8f111d00a2f},
      {kQ5_0, {0}, 0xb0db2807d3683314},    {kQ5_1, {0, 2}, 0x2b571e3a1bed5ab6},
      {kQ8_0, {0}, 0x77eacc288e2a15d7},    {kQ4_K, {0, 2}, 0xfb509c699ee6dd54},
      {kQ5_K, {0, 2}, 0x8fd377e2a48a39eb}, {kQ6_K, {208}, 0xd0bdb36b9ae13c74},
  };
  for (const Case& c : cases) {
    const std::vector<uint8_t> blocks = FixedBlocks(c.type, c.halfs);
    std::vector<float> out(static_cast<size_t>(3 * Traits(c.type).block_elements));
    DequantizeRow(c.type, blocks.data(), static_cast<int64_t>(out.size()), out.data());
    EXPECT_EQ(Fnv1a(out), c.hash) << Traits(c.type).name;
  }
}

TEST(DequantizeRow, TakesRowsAtOddAddresses) {
  std::vector<uint8_t> blocks = FixedBlocks(kQ6_K, {208});
  std::vector<float> even(768), odd(768);
  DequantizeRow(kQ6_K, blocks.data(), 768, even.data());
  blocks.insert(blocks.begin(), 0);
  DequantizeRow(kQ6_K, blocks.data() + 1, 768, odd.data());
  EXPECT_EQ(even, odd);
}

TEST(Half, SurvivesTheWayToFloatAndBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const bool nan = (half & 0x7fff) > 0x7c00;
    if (nan) {
      EXPECT_NE(HalfToFloat(half), HalfToFloat(half));
    } else {
      ASSERT_EQ(FloatToHalf(HalfToFloat(half)), half);
    }
  }
}

TEST(Half, HasTheValuesOfTheStandard) {
  EXPECT_EQ(HalfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xc000), -2.0f);
  EXPECT_EQ(HalfToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(HalfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(HalfToFloat(0xfc00), -__builtin_inff());
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(FloatToHalf(1.0f + 0x1p-11f), 0x3c00);      // a tie, down to even
  EXPECT_EQ(FloatToHalf(1.0f + 3 * 0x1p-11f), 0x3c02);  // a tie, up to even
  EXPECT_EQ(FloatToHalf(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0x0000);  // half of the least subnormal
  EXPECT_EQ(FloatToHalf(1.5f * 0x1p-24f), 0x0002);
  EXPECT_EQ(FloatToHalf(65519.0f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e30f), 0xfc00);
}

TEST(BFloat16, IsTheUpperHalfRoundedToNearestEven) {
  EXPECT_EQ(BFloat16ToFloat(0x3f80), 1.0f);
  EXPECT_EQ(FloatToBFloat16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(FloatToBFloat16(1.0f + 3 * 0x1p-8f), 0x3f82);
  EXPECT_EQ(FloatToBFloat16(-2.0f), 0xc000);
  EXPECT_NE(BFloat16ToFloat(FloatToBFloat16(__builtin_nanf(""))), 0.0f);
}

}  // namespace
}  // namespace motley
