#include "daemon/validate/prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace motley {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

using Ids = std::vector<int32_t>;

TEST(ReadPrompts, TakesTextsAndIdsAloneOrInLists) {
  EXPECT_THAT(ReadPrompts("a", 10).value(), ElementsAre(Prompt("a")));
  EXPECT_THAT(ReadPrompts({"a", "b"}, 10).value(), ElementsAre(Prompt("a"), Prompt("b")));
  EXPECT_THAT(ReadPrompts({0, 9}, 10).value(), ElementsAre(Prompt(Ids{0, 9})));
  EXPECT_THAT(ReadPrompts(json::array({{1}, {2, 3}}), 10).value(),
              ElementsAre(Prompt(Ids{1}), Prompt(Ids{2, 3})));
}

TEST(ReadPrompts, RefusesEmptyMixedAndForeign) {
  for (const json& bad :
       {json(1), json::object(), json::array(), json::array({json::array()}), json::array({-1}),
        json::array({10}), json::array({1.5}), json::array({1, "a"}), json::array({true}),
        json(std::vector<std::string>(1025, "x"))}) {
    const auto prompts = ReadPrompts(bad, 10);
    ASSERT_FALSE(prompts.ok()) << bad;
    EXPECT_EQ(prompts.error().field.substr(0, 6), "prompt") << bad;
  }
}

TEST(ValidateTokenize, HasLlamaServersDefaults) {
  const auto request = ValidateTokenize({{"content", "x"}}).value();
  EXPECT_FALSE(request.add_special);
  EXPECT_TRUE(request.parse_special);
  EXPECT_TRUE(ValidateTokenize({{"content", "x"}, {"with_pieces", true}})->with_pieces);
  EXPECT_EQ(ValidateTokenize(json::object()).error().field, "content");
  EXPECT_EQ(ValidateTokenize({{"content", 5}}).error().field, "content");
  EXPECT_EQ(ValidateTokenize({{"content", nullptr}}).error().field, "content");
  EXPECT_EQ(ValidateTokenize({{"content", ""}, {"add_special", "x"}}).error().field, "add_special");
}

TEST(ValidateDetokenize, RefusesIdsOutsideTheVocabulary) {
  EXPECT_THAT(ValidateDetokenize({{"tokens", {1, 2}}}, 10).value(), ElementsAre(1, 2));
  EXPECT_TRUE(ValidateDetokenize({{"tokens", json::array()}}, 10)->empty());
  for (const json& bad :
       {json{{"tokens", {10}}}, json{{"tokens", {-1}}}, json{{"tokens", "x"}}, json::object()}) {
    EXPECT_EQ(ValidateDetokenize(bad, 10).error().field, "tokens") << bad;
  }
}

}  // namespace
}  // namespace motley
