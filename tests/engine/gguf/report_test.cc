#include "engine/gguf/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/engine/gguf/gguf_test_util.h"

namespace motley {
namespace {

TEST(Report, ShowsEightElementsOfALongArray) {
  Manifest m;
  m.metadata["short"] = std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8};
  m.metadata["long"] = std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9};
  m.metadata["flags"] = std::vector<bool>(9, true);
  const auto json = ToJson(m)["metadata"];
  EXPECT_EQ(json["short"], nlohmann::json::parse("[1,2,3,4,5,6,7,8]"));
  EXPECT_EQ(json["long"], nlohmann::json::parse(R"({"count":9,"first":[1,2,3,4,5,6,7,8]})"));
  EXPECT_EQ(json["flags"]["first"][7], true);
}

TEST(Report, ShowsTheTensorsOfAModel) {
  const auto m = ParseBytes(MakeTinyModel("gemma3"));
  ASSERT_TRUE(m.ok());
  const auto json = ToJson(*m);
  EXPECT_EQ(json["schema"], "motley.manifest/1");
  EXPECT_EQ(json["file_bytes"], m->file_bytes);
  EXPECT_EQ(json["metadata"]["gemma3.block_count"], 2);
  ASSERT_EQ(json["tensors"].size(), m->tensors.size());
  EXPECT_EQ(json["tensors"][0]["name"], "token_embd.weight");
  EXPECT_EQ(json["tensors"][0]["type"], "F32");
  EXPECT_EQ(json["tensors"][0]["dims"][0], 64);
  EXPECT_EQ(json["tensors"][0]["offset"], m->tensors[0].offset);
}

TEST(Report, IsValidUtf8WhateverTheFileSays) {
  Manifest m;
  m.metadata["text"] =
      std::string("a\xff\xc3(\xe2\x82z\xed\xa0\x80\xf0\x9f\x98\x80\xf4\x90\x80\x80\xc0\x80");
  m.metadata["texts"] = std::vector<std::string>{"\x80", "\xc3\xa9"};
  const auto read = nlohmann::json::parse(ToJson(m).dump());
  EXPECT_EQ(read["metadata"]["texts"][0], "\xef\xbf\xbd");
  EXPECT_EQ(read["metadata"]["texts"][1], "\xc3\xa9");
  EXPECT_NE(read["metadata"]["text"].get<std::string>().find("\xf0\x9f\x98\x80"),
            std::string::npos);
}

TEST(Report, GivesAnErrorItsFieldAndOffsetOrNull) {
  const auto full = ErrorToJson(Error::Invalid("llama.block_count", "is 0").At(77))["error"];
  EXPECT_EQ(full["code"], "InvalidArgument");
  EXPECT_EQ(full["message"], "is 0");
  EXPECT_EQ(full["field"], "llama.block_count");
  EXPECT_EQ(full["offset"], 77);
  const auto bare = ErrorToJson(Error::Internal("x"))["error"];
  EXPECT_TRUE(bare["field"].is_null());
  EXPECT_TRUE(bare["offset"].is_null());
}

}  // namespace
}  // namespace motley
