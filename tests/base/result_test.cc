#include "base/result.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/checked.h"

namespace motley {
namespace {

Result<int> Half(int n) {
  if (n % 2) return Error::Invalid("n", "is odd").Fix("use an even number");
  return n / 2;
}
Result<int> Quarter(int n) { return Half(TRY(Half(n))); }
Status Check(int n) {
  TRY(Quarter(n));
  return {};
}

TEST(Try, PassesTheValueOnOrTheErrorUp) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().field, "n");
  EXPECT_TRUE(Check(4).ok());
  EXPECT_EQ(Check(2).error().remedy, "use an even number");
}

TEST(Checked, SaysWhenItOverflows) {
  EXPECT_EQ(CheckedAdd<uint64_t>(1, 2), 3u);
  EXPECT_FALSE(CheckedAdd<uint64_t>(UINT64_MAX, 1));
  EXPECT_FALSE(CheckedMul<int64_t>(INT64_MAX / 2 + 1, 2));
  EXPECT_EQ(CheckedRoundUp<uint64_t>(33, 32), 64u);
  EXPECT_FALSE(CheckedRoundUp<uint64_t>(UINT64_MAX - 3, 32));
  EXPECT_FALSE((CheckedCast<int32_t>(uint64_t{1} << 31)));
  EXPECT_EQ((CheckedCast<int32_t>(uint64_t{7})), 7);
}

TEST(FormatBytes, ChoosesTheUnit) {
  EXPECT_EQ(FormatBytes(17), "17 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(uint64_t{3} << 30), "3.0 GiB");
}

}  // namespace
}  // namespace motley
