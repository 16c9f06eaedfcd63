#include "daemon/rpc/request_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

v1::Generate WithText() {
  v1::Generate request;
  request.set_text("hi");
  return request;
}

TEST(RequestJson, ATextIsACompletionWithTheFieldsThatWereSet) {
  v1::Generate request = WithText();
  request.set_max_tokens(0);
  request.set_temperature(0.5);
  request.set_seed(1LL << 60);
  request.add_stop("\n");
  request.set_logprobs(3);
  (*request.mutable_logit_bias())[5] = -1;
  const auto made = ToJsonRequest(request);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->dialect, Dialect::kCompletion);
  const json want = {
      {"prompt", "hi"}, {"max_tokens", 0}, {"temperature", 0.5},         {"seed", 1LL << 60},
      {"stop", {"\n"}}, {"logprobs", 3},   {"logit_bias", {{"5", -1.0}}}};
  EXPECT_EQ(json::parse(made->body), want);
}

TEST(RequestJson, MessagesAreAChatAndItsLogprobsAreOpenAis) {
  v1::Generate request;
  request.set_messages_json(R"([{"role":"user","content":"hi"}])");
  request.set_logprobs(2);
  const auto made = ToJsonRequest(request);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->dialect, Dialect::kChat);
  const json body = json::parse(made->body);
  EXPECT_EQ(body["messages"][0]["content"], "hi");
  EXPECT_EQ(body["logprobs"], true);
  EXPECT_EQ(body["top_logprobs"], 2);
}

TEST(RequestJson, AnObjectOfMessagesMayBringToolsButNoOtherFields) {
  v1::Generate request;
  request.set_messages_json(R"({"messages":[],"tools":[{"z":1,"a":2}]})");
  const auto made = ToJsonRequest(request);
  ASSERT_TRUE(made.ok());
  EXPECT_NE(made->body.find(R"({"z":1,"a":2})"), made->body.npos) << "keys changed their order";
  request.set_messages_json(R"({"messages":[],"temperature":9})");
  EXPECT_FALSE(ToJsonRequest(request).ok());
}

TEST(RequestJson, RefusesWhatIsNoJsonAndWhatNestsTooDeep) {
  v1::Generate request;
  for (const std::string& text : {std::string("["), std::string("7"), std::string(100000, '[')}) {
    request.set_messages_json(text);
    const auto made = ToJsonRequest(request);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, Code::kInvalidArgument);
  }
}

TEST(RequestJson, NumbersThatJsonDoesNotHaveAreRefusedNotIgnored) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    v1::Generate request = WithText();
    request.set_top_p(bad);
    const auto made = ToJsonRequest(request);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().field, "top_p");
    v1::Generate biased = WithText();
    (*biased.mutable_logit_bias())[1] = bad;
    EXPECT_FALSE(ToJsonRequest(biased).ok());
  }
}

TEST(RequestJson, APromptIsNeeded) {
  const auto made = ToJsonRequest(v1::Generate());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().field, "prompt");
}

}  // namespace
}  // namespace motley
