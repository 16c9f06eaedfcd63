#include "scheduler/placement.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

TEST(Placement, GivesTheEmbeddingToTheFirstAndTheHeadToTheLast) {
  const auto stages = ParsePlacement("cpu0, ocl0", "0-14,15-29", 30);
  ASSERT_TRUE(stages.ok()) << stages.error().message;
  ASSERT_EQ(stages->size(), 2u);
  EXPECT_EQ((*stages)[0].device, "cpu0");
  EXPECT_EQ((*stages)[0].first_item, 0);
  EXPECT_EQ((*stages)[0].last_item, 15);
  EXPECT_EQ((*stages)[1].device, "ocl0");
  EXPECT_EQ((*stages)[1].first_item, 16);
  EXPECT_EQ((*stages)[1].last_item, 31);
}

TEST(Placement, ClipsRangesToTheModel) {
  const auto stages = ParsePlacement("cpu0,ocl0", "0-8,9-29", 18);
  ASSERT_TRUE(stages.ok());
  EXPECT_EQ((*stages)[1].last_item, 19);
}

TEST(Placement, ASingleNumberIsOneLayer) {
  const auto stages = ParsePlacement("a,b,c", "0,1-2,3", 4);
  ASSERT_TRUE(stages.ok()) << stages.error().message;
  EXPECT_EQ((*stages)[0].last_item, 1);
  EXPECT_EQ((*stages)[2].first_item, 4);
  EXPECT_EQ((*stages)[2].last_item, 5);
}

struct Bad {
  const char *devices, *split, *field, *says;
};

TEST(Placement, ErrorsNameTheFieldAndTheNumbers) {
  const Bad cases[] = {
      {"a,b", "0-4,6-9", "split", "layers 5-5 are on no device"},
      {"a,b", "0-4,4-9", "split", "4-9 overlaps: layers 0-4"},
      {"a,b", "1-4,5-9", "split", "layers 0-0 are on no device"},
      {"a,b", "0-4,5-8", "split", "layers 9-9 are on no device"},
      {"a,b", "0-9,10-12", "split", "10-12 starts beyond the model's last layer, 9"},
      {"a,b", "0-9", "split", "1 ranges for 2 devices"},
      {"a", "0-4,5-9", "split", "2 ranges for 1 devices"},
      {"a", "9-0", "split", "ends before it starts"},
      {"a", "0-x", "split", "\"0-x\""},
      {"a", "-3", "split", "\"-3\""},
      {"a", "0-99999999999", "split", "\"0-99999999999\""},
      {"a", "", "split", "\"\""},
      {"a,a", "0-4,5-9", "devices", "a is named twice"},
      {"a,,b", "0-4,5-9", "devices", "empty name"},
      {"", "0-9", "devices", "empty name"},
  };
  for (const Bad& bad : cases) {
    const auto stages = ParsePlacement(bad.devices, bad.split, 10);
    ASSERT_FALSE(stages.ok()) << bad.devices << " " << bad.split;
    EXPECT_EQ(stages.error().code, Code::kInvalidArgument);
    EXPECT_EQ(stages.error().field, bad.field);
    EXPECT_NE(stages.error().message.find(bad.says), std::string::npos) << stages.error().message;
  }
}

}  // namespace
}  // namespace motley
