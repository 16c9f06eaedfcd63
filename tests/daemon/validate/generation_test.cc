#include "daemon/validate/generation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace motley {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr RequestLimits kLimits = {.context_tokens = 100, .vocabulary = 50};

json Chat(json more = json::object()) {
  json body = {{"messages", {{{"role", "user"}, {"content", "hi"}}}}};
  body.update(more);
  return body;
}

json Completion(json more = json::object()) {
  json body = {{"prompt", "hi"}};
  body.update(more);
  return body;
}

Result<GenerationRequest> Validate(const json& body, Dialect dialect) {
  return ValidateGeneration(body, dialect, kLimits);
}

// The request must be served.
GenerationRequest Good(const json& body, Dialect dialect = Dialect::kChat) {
  auto request = Validate(body, dialect);
  if (!request.ok()) {
    ADD_FAILURE() << body.dump() << ": " << request.error().message;
    return {};
  }
  return request.ReleaseValue();
}

// The field that the refusal names; "" when the request was served.
std::string Refused(const json& body, Dialect dialect = Dialect::kChat) {
  const auto request = Validate(body, dialect);
  return request.ok() ? "" : request.error().field;
}

struct Bounds {
  const char* field;
  std::vector<json> good, bad;
};

// Every number: below, lowest, highest, above; then other types.
const std::vector<Bounds>& NumberBounds() {
  static const double kNan = std::nan(""), kInfinity = HUGE_VAL;
  static const std::vector<Bounds> kBounds = {
      {"temperature", {0, 0.5, 2, 2.0}, {-1, -1e-9, 2.0001, kNan, kInfinity, -kInfinity}},
      {"top_p", {0, 0.5, 1}, {-1, 1.0001, kNan, kInfinity}},
      {"min_p", {0, 0.5, 1}, {-1, 1.0001, kNan, kInfinity}},
      {"top_k", {-1, 0, 40, 1048576, 5.0}, {-2, 1048577, 0.5, kNan, kInfinity}},
      {"repetition_penalty", {0.01, 1, 10}, {-1, 0, 10.01, kNan, kInfinity}},
      {"repeat_penalty", {0.01, 1, 10}, {-1, 0, 10.01, kNan, kInfinity}},
      {"presence_penalty", {-2, 0, 2}, {-2.01, 2.01, kNan, kInfinity}},
      {"frequency_penalty", {-2, 0, 2}, {-2.01, 2.01, kNan, kInfinity}},
      {"seed", {-1, 0, INT64_MIN, INT64_MAX}, {9223372036854775808u, 1e19, -9.3e18, 0.5, kNan}},
      {"n", {1, 16}, {-1, 0, 17, 1.5, kNan, 1e300}},
      {"max_tokens", {1, 100}, {-1, 101, 1.5, kNan, 1e300, INT64_MAX}},
      {"min_tokens", {0, 100}, {-1, 101, 1.5, kNan, 1e300}},
  };
  return kBounds;
}

TEST(ValidateGeneration, HoldsEveryNumberInItsRangeInBothDialects) {
  for (const Bounds& bounds : NumberBounds()) {
    std::vector<json> bad = bounds.bad;
    for (const json& other : {json("1"), json(true), json::array(), json::object()})
      bad.push_back(other);
    for (const json& value : bounds.good) {
      EXPECT_EQ(Refused(Chat({{bounds.field, value}})), "") << bounds.field << " " << value;
      EXPECT_EQ(Refused(Completion({{bounds.field, value}}), Dialect::kCompletion), "")
          << bounds.field;
    }
    for (const json& value : bad) {
      EXPECT_EQ(Refused(Chat({{bounds.field, value}})), bounds.field) << value;
      EXPECT_EQ(Refused(Completion({{bounds.field, value}}), Dialect::kCompletion), bounds.field)
          << value;
    }
    EXPECT_EQ(Refused(Chat({{bounds.field, nullptr}})), "") << bounds.field << " null is absent";
  }
}

TEST(ValidateGeneration, SaysTheRangeInTheError) {
  const auto error = Validate(Chat({{"temperature", 3}}), Dialect::kChat).error();
  EXPECT_EQ(error.message, "temperature is 3, must be a number from 0 to 2");
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_THAT(Validate(Chat({{"max_tokens", 101}}), Dialect::kChat).error().message,
              HasSubstr("an integer from 1 to 100"));
  EXPECT_THAT(Validate(Chat({{"max_tokens", true}}), Dialect::kChat).error().message,
              HasSubstr("is true, must be an integer from 1 to 100"));
  EXPECT_THAT(Validate(Chat({{"n", "2"}}), Dialect::kChat).error().message,
              HasSubstr("is a JSON string"));
}

TEST(ValidateGeneration, RefusesOtherTypesOfFlagsAndTexts) {
  for (const char* flag :
       {"stream", "ignore_eos", "return_token_ids", "return_tokens_as_token_ids"}) {
    EXPECT_EQ(Refused(Chat({{flag, 1}})), flag);
    EXPECT_EQ(Refused(Chat({{flag, "true"}})), flag);
    EXPECT_EQ(Refused(Chat({{flag, true}})), "");
  }
  EXPECT_EQ(Refused(Chat({{"user", 5}})), "user");
  EXPECT_EQ(Refused(Chat({{"metadata", "x"}})), "metadata");
  EXPECT_EQ(Refused(Chat({{"messages", "x"}})), "messages");
}

TEST(ValidateGeneration, NeedsItsInput) {
  EXPECT_EQ(Refused(json::object()), "messages");
  EXPECT_EQ(Refused({{"messages", nullptr}}), "messages");
  EXPECT_EQ(Refused({{"messages", json::array()}}), "messages");
  EXPECT_EQ(Refused(json::object(), Dialect::kCompletion), "prompt");
}

TEST(ValidateGeneration, NeedsContentInEveryMessageButAnAssistants) {
  const json said = {{"role", "user"}, {"content", "hi"}};
  EXPECT_EQ(Refused({{"messages", {said, {{"role", "user"}}}}}), "messages[1].content");
  EXPECT_EQ(Refused({{"messages", {{{"role", "tool"}, {"content", nullptr}}}}}),
            "messages[0].content");
  EXPECT_EQ(Refused({{"messages", {said, {{"role", "assistant"}, {"content", nullptr}}}}}), "");
}

TEST(ValidateGeneration, LetsOnlyCompletionsScoreAPromptAlone) {
  EXPECT_EQ(Good(Completion({{"max_tokens", 0}}), Dialect::kCompletion).max_tokens, 0);
  EXPECT_EQ(Refused(Chat({{"max_tokens", 0}})), "max_tokens");
}

TEST(ValidateGeneration, PrefersMaxCompletionTokens) {
  EXPECT_EQ(Good(Chat({{"max_tokens", 5}, {"max_completion_tokens", 7}})).max_tokens, 7);
  EXPECT_EQ(Refused(Chat({{"max_completion_tokens", 0}})), "max_completion_tokens");
}

TEST(ValidateGeneration, ReadsLogprobsInEachDialectsWay) {
  EXPECT_EQ(Good(Chat({{"logprobs", true}, {"top_logprobs", 20}})).logprobs, 20);
  EXPECT_EQ(Good(Chat({{"logprobs", true}})).logprobs, 0);
  EXPECT_EQ(Good(Chat({{"logprobs", false}, {"top_logprobs", 0}})).logprobs, kNoLogprobs);
  EXPECT_EQ(Refused(Chat({{"top_logprobs", 2}})), "top_logprobs");
  EXPECT_EQ(Refused(Chat({{"logprobs", true}, {"top_logprobs", 21}})), "top_logprobs");
  EXPECT_EQ(Refused(Chat({{"logprobs", 1}})), "logprobs");
  EXPECT_EQ(Good(Completion({{"logprobs", 0}}), Dialect::kCompletion).logprobs, 0);
  EXPECT_EQ(Good(Completion({{"logprobs", 20}}), Dialect::kCompletion).logprobs, 20);
  EXPECT_EQ(Refused(Completion({{"logprobs", 21}}), Dialect::kCompletion), "logprobs");
  EXPECT_EQ(Refused(Completion({{"logprobs", -1}}), Dialect::kCompletion), "logprobs");
  EXPECT_EQ(Refused(Completion({{"logprobs", true}}), Dialect::kCompletion), "logprobs");
}

TEST(ValidateGeneration, TakesUpToSixteenStopStringsOf256Bytes) {
  EXPECT_THAT(Good(Chat({{"stop", "x"}})).stop, ElementsAre("x"));
  EXPECT_EQ(Good(Chat({{"stop", std::vector<std::string>(16, std::string(256, 'x'))}})).stop.size(),
            16u);
  EXPECT_TRUE(Good(Chat({{"stop", json::array()}})).stop.empty());
  for (const json& bad :
       {json(""), json({""}), json(std::string(257, 'x')), json(std::vector<std::string>(17, "x")),
        json(1), json({1}), json::object()}) {
    EXPECT_EQ(Refused(Chat({{"stop", bad}})), "stop") << bad;
  }
}

TEST(ValidateGeneration, TakesLogitBiasesOfKnownTokens) {
  const auto request = Good(Chat({{"logit_bias", {{"0", -100}, {"49", 100}, {"7", 1.5}}}}));
  EXPECT_THAT(request.sampling.logit_bias,
              ElementsAre(std::pair(0, -100.0f), std::pair(7, 1.5f), std::pair(49, 100.0f)));
  for (const json& bad : {json{{"50", 1}}, json{{"-1", 1}}, json{{"x", 1}}, json{{"", 1}},
                          json{{"1 ", 1}}, json{{"1", 101}}, json{{"1", -101}}, json{{"1", "x"}},
                          json{{"99999999999", 1}}, json::array()}) {
    EXPECT_EQ(Refused(Chat({{"logit_bias", bad}})), "logit_bias") << bad;
  }
  json many = json::object();
  for (int i = 0; i < 1025; ++i) many[std::to_string(i)] = 1;
  EXPECT_EQ(Refused(Chat({{"logit_bias", many}})), "logit_bias");
}

TEST(ValidateGeneration, MakesTheEdgeOfTopPGreedy) {
  EXPECT_EQ(Good(Chat({{"top_p", 0}})).sampling.temperature, 0);
  EXPECT_EQ(Good(Chat({{"top_p", 0}})).sampling.top_p, 1);
  EXPECT_EQ(Good(Chat({{"temperature", 1e-30}})).sampling.temperature, 0);
  EXPECT_EQ(Good(Chat({{"top_k", -1}})).sampling.top_k, 0);
}

TEST(ValidateGeneration, KnowsWhetherASeedWasGiven) {
  EXPECT_FALSE(Good(Chat()).has_seed);
  EXPECT_TRUE(Good(Chat({{"seed", 0}})).has_seed);
  EXPECT_EQ(Good(Chat({{"seed", INT64_MAX}})).sampling.seed, static_cast<uint64_t>(INT64_MAX));
}

TEST(ValidateGeneration, ChecksFieldsAgainstEachOther) {
  EXPECT_EQ(Refused(Chat({{"min_tokens", 6}, {"max_tokens", 5}})), "min_tokens");
  EXPECT_EQ(Refused(Chat({{"stream_options", {{"include_usage", true}}}})), "stream_options");
  EXPECT_TRUE(
      Good(Chat({{"stream", true}, {"stream_options", {{"include_usage", true}}}})).include_usage);
  EXPECT_EQ(Refused(Chat({{"stream", true}, {"stream_options", {{"include_usage", 1}}}})),
            "stream_options.include_usage");
  EXPECT_EQ(Refused(Completion({{"best_of", 2}}), Dialect::kCompletion), "best_of");
  EXPECT_EQ(Refused(Completion({{"n", 16}, {"prompt", std::vector<std::string>(65, "x")}}),
                    Dialect::kCompletion),
            "n");
}

TEST(ValidateGeneration, RefusesWhatItCannotHonour) {
  EXPECT_EQ(Refused(Chat({{"response_format", {{"type", "json_object"}}}})), "response_format");
  EXPECT_EQ(Refused(Chat({{"response_format", json::object()}})), "response_format");
  EXPECT_EQ(Refused(Chat({{"response_format", {{"type", "text"}}}})), "");
  EXPECT_EQ(Refused(Chat({{"modalities", {"text", "audio"}}})), "modalities");
  EXPECT_EQ(Refused(Chat({{"tool_choice", "required"}})), "tool_choice");
  EXPECT_EQ(Refused(Chat({{"tool_choice", {{"type", "function"}}}})), "tool_choice");
  EXPECT_EQ(Refused(Chat({{"tool_choice", "none"}})), "");
  EXPECT_EQ(Refused(Chat({{"chat_template", "{{ x }}"}})), "chat_template");
  EXPECT_EQ(Refused(Completion({{"suffix", "x"}}), Dialect::kCompletion), "suffix");
  EXPECT_EQ(Refused(Completion({{"suffix", ""}}), Dialect::kCompletion), "");
}

TEST(ValidateGeneration, ChecksTheFormOfTools) {
  const json tool = {{"type", "function"}, {"function", {{"name", "f"}}}};
  EXPECT_EQ(Refused(Chat({{"tools", {tool}}})), "");
  for (const json& bad : {json("x"), json({1}), json({{{"type", "function"}}}),
                          json({{{"type", 1}, {"function", tool}}})}) {
    EXPECT_THAT(Refused(Chat({{"tools", bad}})), HasSubstr("tools")) << bad;
  }
  EXPECT_EQ(Refused(Chat({{"tools", std::vector<json>(257, tool)}})), "tools");
}

TEST(ValidateGeneration, ReportsWhatItDoesNotKnowOrUse) {
  const auto request = Good(Chat({{"zebra", 1}, {"store", true}, {"apple", nullptr}}));
  EXPECT_THAT(request.unknown, ElementsAre("apple", "zebra"));
  EXPECT_THAT(request.without_effect, ElementsAre("store"));
}

TEST(ChooseModel, TakesTheNameOrNoneAndElseNamesTheNearest) {
  const std::vector<std::string> ids = {"smollm2", "gemma3"};
  EXPECT_EQ(ChooseModel({{"model", "gemma3"}}, ids).value(), 1u);
  EXPECT_EQ(ChooseModel({{"model", "Gemma3.gguf"}}, ids).value(), 1u);
  EXPECT_EQ(ChooseModel(json::object(), ids).value(), 0u);
  const auto wrong = ChooseModel({{"model", "gema3"}}, ids);
  EXPECT_EQ(wrong.error().code, Code::kNotFound);
  EXPECT_EQ(wrong.error().field, "model");
  EXPECT_THAT(wrong.error().message, HasSubstr("nearest name is gemma3"));
  EXPECT_EQ(ChooseModel({{"model", 3}}, ids).error().code, Code::kInvalidArgument);
  EXPECT_EQ(ChooseModel({{"model", "x"}}, {}).error().code, Code::kUnavailable);
  EXPECT_FALSE(ChooseModel({{"model", std::string(1 << 20, 'x')}}, ids).ok());
}

}  // namespace
}  // namespace motley
