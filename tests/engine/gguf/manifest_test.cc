#include "engine/gguf/manifest.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

Manifest Sample() {
  Manifest m;
  m.metadata = {{"i", int64_t{-3}},
                {"u", uint64_t{7}},
                {"big", ~uint64_t{0}},
                {"n", 0.5},
                {"s", std::string("text")},
                {"b", true},
                {"is", std::vector<int64_t>{1}},
                {"ss", std::vector<std::string>{"a"}}};
  m.tensors.push_back({"t", TensorType::kF32, {4, 3, 2}, 0, 96});
  return m;
}

TEST(Manifest, GivesValuesOfTheRightType) {
  const Manifest m = Sample();
  EXPECT_EQ(*m.Integer("i"), -3);
  EXPECT_EQ(*m.Integer("u"), 7);
  EXPECT_EQ(*m.Number("n"), 0.5);
  EXPECT_EQ(*m.String("s"), "text");
  EXPECT_EQ(m.Integers("is")->size(), 1u);
  EXPECT_EQ(m.Strings("ss")->size(), 1u);
  EXPECT_EQ(m.Numbers("ss"), nullptr);
  EXPECT_EQ(m.IntegerOr("u", 1), 7);
  EXPECT_EQ(m.NumberOr("n", 1), 0.5);
  EXPECT_TRUE(m.BoolOr("b", false));
}

TEST(Manifest, SaysMissingAndWrongTypeApart) {
  const Manifest m = Sample();
  EXPECT_EQ(m.Integer("none").error().code, Code::kNotFound);
  EXPECT_EQ(m.Integer("none").error().field, "none");
  for (const char* key : {"n", "s", "b", "is", "big"}) {
    EXPECT_EQ(m.Integer(key).error().code, Code::kInvalidArgument) << key;
    EXPECT_EQ(m.Integer(key).error().field, key);
    EXPECT_EQ(m.IntegerOr(key, 42), 42) << key;
  }
  EXPECT_EQ(m.Number("i").error().code, Code::kInvalidArgument);
  EXPECT_EQ(m.String("i").error().code, Code::kInvalidArgument);
  EXPECT_FALSE(m.BoolOr("i", false));
}

TEST(Manifest, FindsTensorsAndTheirShape) {
  const Manifest m = Sample();
  ASSERT_NE(m.FindTensor("t"), nullptr);
  EXPECT_EQ(m.FindTensor("t")->cols(), 4);
  EXPECT_EQ(m.FindTensor("t")->rows(), 6);
  EXPECT_EQ(m.FindTensor("u"), nullptr);
}

}  // namespace
}  // namespace motley
