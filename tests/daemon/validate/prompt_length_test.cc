#include "daemon/validate/prompt_length.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

ModelCard Card(int longest) {
  ModelCard card;
  card.id = "toy";
  card.context_tokens = 100;
  card.longest_token_bytes = longest;
  return card;
}

TEST(PromptLength, LeavesRoomForOneTokenUnlessNoneIsWanted) {
  EXPECT_TRUE(CheckPromptTokens(99, std::nullopt, Card(0)).ok());
  EXPECT_FALSE(CheckPromptTokens(100, std::nullopt, Card(0)).ok());
  EXPECT_TRUE(CheckPromptTokens(100, 0, Card(0)).ok());
  EXPECT_FALSE(CheckPromptTokens(101, 0, Card(0)).ok());
  EXPECT_FALSE(CheckPromptTokens(0, 5, Card(0)).ok());
}

TEST(PromptLength, RefusesByBytesOnlyWhatNoTokensCouldHold) {
  EXPECT_TRUE(CheckPromptBytes(800, Card(8)).ok());
  EXPECT_FALSE(CheckPromptBytes(801, Card(8)).ok());
  EXPECT_TRUE(CheckPromptBytes(1 << 30, Card(0)).ok());  // the vocabulary is not known
}

TEST(PromptLength, ErrorsHoldBothNumbers) {
  const Status by_bytes = CheckPromptBytes(4001, Card(8));
  EXPECT_EQ(by_bytes.error().field, kContextField);
  EXPECT_EQ(by_bytes.error().message,
            "the prompt has at least 501 tokens, the context of toy holds 100 with room for an "
            "answer");
  EXPECT_NE(CheckPromptTokens(123, 1, Card(8)).error().message.find("has 123 tokens"),
            std::string::npos);
}

}  // namespace
}  // namespace motley
