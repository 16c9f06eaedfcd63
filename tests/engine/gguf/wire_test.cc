#include "engine/gguf/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/engine/gguf/gguf_test_util.h"

namespace motley {
namespace {

Result<Manifest> Decode(const std::string& bytes) {
  return DecodeAnswer(std::as_bytes(std::span(bytes)));
}

Manifest Sample() {
  Manifest m;
  m.file_bytes = 1000;
  m.version = 3;
  m.metadata = {{"flag", true},
                {"signed", int64_t{-1}},
                {"unsigned", ~uint64_t{0}},
                {"number", 0.5},
                {"text", std::string("t")},
                {"flags", std::vector<bool>{true, false}},
                {"integers", std::vector<int64_t>{-1, 2}},
                {"numbers", std::vector<double>{0.25}},
                {"texts", std::vector<std::string>{"", "longer than fifteen characters"}}};
  m.tensors.push_back({"t", TensorType::kQ4_K, {256, 2}, 320, 288});
  return m;
}

TEST(Wire, CarriesEveryKindOfValue) {
  const auto m = Decode(EncodeAnswer(Sample()));
  ASSERT_EQ(ErrorOf(m), "");
  EXPECT_EQ(m->metadata, Sample().metadata);
  EXPECT_EQ(m->tensors[0].dims, (std::vector<int64_t>{256, 2}));
  EXPECT_EQ(m->tensors[0].type, TensorType::kQ4_K);
  EXPECT_EQ(m->file_bytes, 1000u);
}

TEST(Wire, CarriesAnErrorWhole) {
  const auto m = Decode(EncodeAnswer(Error::Invalid("field", "message").Fix("remedy").At(7)));
  ASSERT_FALSE(m.ok());
  EXPECT_EQ(m.error().code, Code::kInvalidArgument);
  EXPECT_EQ(ErrorOf(m), "field: message");
  EXPECT_EQ(m.error().remedy, "remedy");
  EXPECT_EQ(m.error().offset, 7u);
  EXPECT_FALSE(Decode(EncodeAnswer(Error::Internal("x"))).error().offset.has_value());
}

TEST(Wire, RefusesEveryCutAndAnythingBehindTheEnd) {
  const std::string whole = EncodeAnswer(Sample());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Decode(whole.substr(0, size)).error().field, "answer") << size;
  }
  EXPECT_EQ(Decode(whole + "x").error().field, "answer");
}

TEST(Wire, SurvivesRandomBytes) {
  const std::string whole = EncodeAnswer(Sample());
  std::mt19937_64 random(7);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    for (int n = 0; n < 4; ++n) bytes[random() % bytes.size()] = static_cast<char>(random());
    refused += !Decode(bytes).ok();
  }
  EXPECT_GT(refused, 1000);
}

// 24 million empty strings fit in 96 MiB here and would take 768 MiB in memory.
TEST(Wire, BoundsTheMemoryOfWhatItDecodes) {
  const uint32_t count = 24'000'000;
  Manifest m;
  m.metadata["list"] = std::vector<std::string>{};
  std::string bytes = EncodeAnswer(std::move(m));
  const size_t length = bytes.find("list") + 5;
  bytes = Spoiled(bytes, length, count);
  bytes.insert(length + 4, std::string(size_t{4} * count, '\0'));
  ASSERT_LE(bytes.size(), kMaxAnswerBytes + (4 << 20));
  EXPECT_EQ(Decode(bytes).error().field, "answer");
}

}  // namespace
}  // namespace motley
