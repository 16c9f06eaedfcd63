#include "engine/template/ordered_json.h"

#include <gtest/gtest.h>

#include <string>

namespace motley {
namespace {

std::string Repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

std::string ObjectOfKeys(int keys) {
  std::string text = "{";
  for (int i = 0; i < keys; ++i) text += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  return text + "}";
}

TEST(OrderedJson, KeepsTheOrderOfKeys) {
  const auto value = ParseOrderedJson(R"({"b": 1, "a": {"z": null, "c": [true, "é"]}})");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->dump(), R"({"b":1,"a":{"z":null,"c":[true,"é"]}})");
}

TEST(OrderedJson, RefusesWhatIsNoJsonAndNamesTheByte) {
  for (const char* text :
       {"", "{", "[1,]", "{\"a\" 1}", "nul", "\"\xff\"", "[1] 2", "\"\\ud800\""}) {
    const auto value = ParseOrderedJson(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_EQ(value.error().code, Code::kInvalidArgument) << text;
    EXPECT_TRUE(value.error().offset.has_value()) << text;
  }
  EXPECT_FALSE(ParseOrderedJson("[1e999]").ok());
}

TEST(OrderedJson, TakesNestingOf64AndRefuses65) {
  EXPECT_TRUE(ParseOrderedJson(Repeat("[", 64) + Repeat("]", 64)).ok());
  EXPECT_FALSE(ParseOrderedJson(Repeat("[", 65) + Repeat("]", 65)).ok());
  EXPECT_FALSE(ParseOrderedJson(Repeat("{\"a\":", 100000)).ok());
}

TEST(OrderedJson, RefusesKeysThatWouldTakeQuadraticTime) {
  EXPECT_TRUE(ParseOrderedJson(ObjectOfKeys(1024)).ok());
  EXPECT_FALSE(ParseOrderedJson(ObjectOfKeys(500000)).ok());
  EXPECT_TRUE(ParseOrderedJson("[" + Repeat("{\"a\":1},", 100000) + "0]").ok());
}

TEST(OrderedJson, CheckDepthCountsAsTheParserDoes) {
  nlohmann::ordered_json value = nlohmann::ordered_json::array();
  for (int depth = 1; depth < 64; ++depth) value = nlohmann::ordered_json::array({value});
  EXPECT_TRUE(CheckDepth(value).ok());
  EXPECT_FALSE(CheckDepth(nlohmann::ordered_json::array({value})).ok());
}

}  // namespace
}  // namespace motley
