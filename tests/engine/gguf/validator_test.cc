// What a model must say: row 5 of the faults page and the families' tensors.

#include "engine/gguf/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/engine/gguf/gguf_test_util.h"

namespace motley {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

template <class T>
std::string WithKey(const std::string& key, T value, const std::string& family = "llama") {
  GgufBuilder b = TinyModel(family);
  return ParseError(b.Set(key, value));
}

TEST(Validator, AcceptsTinyModelsOfAllFamilies) {
  for (const std::string family : kFamilyNames) {
    GgufBuilder tied = TinyModel(family), own = TinyModel(family, {.own_output = true});
    EXPECT_EQ(ParseError(tied), "") << family;
    EXPECT_EQ(ParseError(own), "") << family;
  }
}

TEST(Validator, AcceptsWhatMayBeMissing) {
  GgufBuilder b = TinyModel("llama", {.kv_heads = 4});
  b.Remove("llama.attention.head_count_kv")
      .Remove("llama.attention.key_length")
      .Remove("llama.rope.freq_base");
  b.Remove("llama.attention.value_length").Remove("llama.rope.dimension_count");
  EXPECT_EQ(ParseError(b), "");
  GgufBuilder qwen = TinyModel("qwen2");
  for (const char* bias : {"q", "k", "v"}) {
    for (const char* block : {"0", "1"})
      qwen.RemoveTensor(std::string("blk.") + block + ".attn_" + bias + ".bias");
  }
  EXPECT_EQ(ParseError(qwen), "");
}

// Row 5: zero, odd types, huge and indivisible hyper-parameters.
TEST(Faults, Row5HyperParametersAreThereAndInRange) {
  for (const std::string family : kFamilyNames) {
    for (const char* name : {"block_count", "context_length", "embedding_length",
                             "feed_forward_length", "attention.head_count"}) {
      const std::string key = family + "." + name;
      EXPECT_THAT(WithKey(key, 0u, family), StartsWith(key + ": is 0, must be 1 to ")) << key;
      EXPECT_THAT(WithKey(key, ~0u, family), StartsWith(key + ": is 4294967295, must be 1 to "))
          << key;
      EXPECT_THAT(WithKey(key, -1, family), StartsWith(key + ": is -1")) << key;
      EXPECT_THAT(WithKey(key, ~0ull, family), StartsWith(key + ": is 18446744073709551615"))
          << key;
      EXPECT_THAT(WithKey(key, "2", family), StartsWith(key + ": is a string, must be an integer"))
          << key;
      EXPECT_THAT(WithKey(key, 2.0f, family), StartsWith(key + ": is a float, must be an integer"))
          << key;
      EXPECT_THAT(WithKey(key, std::vector<uint32_t>{2, 2}, family),
                  HasSubstr("differs from layer to layer"));
      GgufBuilder without = TinyModel(family);
      EXPECT_THAT(ParseError(without.Remove(key)), StartsWith(key + ": ")) << key;
    }
  }
}

TEST(Faults, Row5ErrorsSayWhereInTheFile) {
  GgufBuilder b = TinyModel("llama");
  b.Set("llama.block_count", 0u);
  const auto m = ParseBytes(b.Build());
  ASSERT_FALSE(m.ok());
  EXPECT_EQ(m.error().offset, MarkNamed(b, "llama.block_count type").offset);
}

TEST(Faults, Row5HeadsDivide) {
  EXPECT_THAT(WithKey("llama.attention.head_count_kv", 3u), HasSubstr("must divide head_count, 4"));
  EXPECT_THAT(WithKey("llama.attention.head_count_kv", 0u), HasSubstr("is 0, must be 1 to "));
  EXPECT_THAT(WithKey("llama.attention.key_length", 15u),
              HasSubstr("heads of 15 values, must be even"));
  EXPECT_THAT(WithKey("llama.attention.value_length", 8u),
              HasSubstr("read are models where it is the key's, 16"));
  GgufBuilder b = TinyModel("llama");
  b.Remove("llama.attention.key_length")
      .Set("llama.attention.head_count", 3u)
      .Set("llama.attention.head_count_kv", 3u);
  EXPECT_THAT(ParseError(b), HasSubstr("must divide embedding_length, 64"));
}

TEST(Faults, Row5RotatedDimsAreEvenAndWithinTheHead) {
  for (const uint32_t dims : {18u, 15u, 0u}) {
    EXPECT_THAT(WithKey("llama.rope.dimension_count", dims),
                StartsWith("llama.rope.dimension_count: is "))
        << dims;
  }
}

TEST(Faults, Row5FloatsAreFiniteAndInRange) {
  const std::string epsilon = "llama.attention.layer_norm_rms_epsilon";
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              inf = std::numeric_limits<float>::infinity();
  for (const float value : {0.0f, 1.0f, -1e-5f, nan, inf}) {
    EXPECT_THAT(WithKey(epsilon, value), StartsWith(epsilon + ": is ")) << value;
    EXPECT_THAT(WithKey("llama.rope.freq_base", value == 1.0f   ? 0.0f
                                                : value == 0.0f ? -inf
                                                : value == inf  ? inf
                                                                : nan),
                StartsWith("llama.rope.freq_base: is "));
  }
  EXPECT_THAT(WithKey(epsilon, 1u), StartsWith(epsilon + ": is an integer, must be a float"));
  EXPECT_THAT(WithKey("llama.some.other", nan),
              StartsWith("llama.some.other: is not a finite number"));
  EXPECT_THAT(WithKey("llama.some.list", std::vector<float>{0, inf}),
              StartsWith("llama.some.list[1]: "));
  EXPECT_THAT(WithKey("llama.rope.scaling.factor", 0.0f),
              StartsWith("llama.rope.scaling.factor: is "));
}

TEST(Validator, RefusesWhatTheFamiliesDoNotRun) {
  GgufBuilder other = TinyModel("llama");
  other.Set("general.architecture", "mamba");
  const auto m = ParseBytes(other.Build());
  EXPECT_THAT(ErrorOf(m),
              HasSubstr("the architecture \"mamba\", read are llama, qwen2, qwen3, gemma3"));
  EXPECT_EQ(m.error().code, Code::kUnsupported);
  EXPECT_THAT(WithKey("llama.expert_count", 8u), HasSubstr("mixture of experts"));
  EXPECT_THAT(WithKey("split.count", uint16_t{2}), HasSubstr("one of several files"));
  EXPECT_THAT(WithKey("general.architecture", 7u),
              StartsWith("general.architecture: is an integer"));
  EXPECT_THAT(WithKey("gemma3.attention.sliding_window_pattern", std::vector<bool>{true}, "gemma3"),
              HasSubstr("has 1 elements, must have block_count, 2"));
}

TEST(Validator, TakesVocabularyOnlyFilesOfAnyArchitecture) {
  for (const char* architecture : {"mamba", "llama", "bert"}) {
    GgufBuilder b;
    b.Set("general.architecture", architecture);
    AddTinyVocabulary(b, "smollm");
    EXPECT_EQ(ParseError(b), "") << architecture;
  }
  GgufBuilder b;
  b.Set("general.architecture", "llama").Set("llama.block_count", 0u);
  EXPECT_THAT(ParseError(b), StartsWith("llama.block_count: is 0"));
}

TEST(Vocabulary, ArraysAreAsLongAsTheTokens) {
  EXPECT_THAT(WithKey("tokenizer.ggml.token_type", std::vector<int32_t>{1, 1}),
              StartsWith("tokenizer.ggml.token_type: has 2 elements, tokenizer.ggml.tokens has "));
  EXPECT_THAT(WithKey("tokenizer.ggml.scores", std::vector<float>{1}),
              StartsWith("tokenizer.ggml.scores: has 1 elem"));
  EXPECT_THAT(WithKey("tokenizer.ggml.scores", 1.0f),
              StartsWith("tokenizer.ggml.scores: must be an array of floats"));
  EXPECT_THAT(WithKey("tokenizer.ggml.tokens", std::vector<std::string>{}),
              StartsWith("tokenizer.ggml.tokens: has 0"));
  EXPECT_THAT(WithKey("tokenizer.ggml.tokens", "no list"),
              StartsWith("tokenizer.ggml.tokens: must be an array of"));
  EXPECT_THAT(WithKey("llama.vocab_size", 7u),
              StartsWith("llama.vocab_size: is 7, tokenizer.ggml.tokens has "));
}

TEST(Vocabulary, IdsKindsAndFlagsAreInRange) {
  EXPECT_THAT(WithKey("tokenizer.ggml.eos_token_id", 100000u),
              StartsWith("tokenizer.ggml.eos_token_id: is 100000"));
  EXPECT_THAT(WithKey("tokenizer.ggml.bos_token_id", -1),
              StartsWith("tokenizer.ggml.bos_token_id: is -1"));
  EXPECT_THAT(WithKey("tokenizer.ggml.padding_token_id", "x"),
              StartsWith("tokenizer.ggml.padding_token_id: is a str"));
  EXPECT_THAT(WithKey("tokenizer.ggml.add_bos_token", 1u), HasSubstr("must be a boolean"));
  EXPECT_THAT(WithKey("tokenizer.chat_template", 1u),
              StartsWith("tokenizer.chat_template: is an integer"));
  GgufBuilder b = TinyModel("llama");
  std::vector<int32_t> kinds(
      b.Build().size() ? ParseBytes(b.Build())->Strings("tokenizer.ggml.tokens")->size() : 0, 1);
  kinds[5] = 7;
  EXPECT_THAT(ParseError(b.Set("tokenizer.ggml.token_type", kinds)),
              StartsWith("tokenizer.ggml.token_type[5]: is 7"));
}

TEST(Tensors, ThatAreNeededAreMissedByName) {
  for (const std::string family : kFamilyNames) {
    const auto whole = ParseBytes(MakeTinyModel(family));
    ASSERT_TRUE(whole.ok());
    for (const TensorEntry& tensor : whole->tensors) {
      GgufBuilder b = TinyModel(family);
      b.RemoveTensor(tensor.name);
      const std::string expected = tensor.name.ends_with(".bias") ? "" : tensor.name + ": ";
      EXPECT_THAT(ParseError(b), StartsWith(expected)) << family;
    }
  }
}

TEST(Tensors, OfAnotherShapeAreRefusedWithBothShapes) {
  GgufBuilder b = TinyModel("qwen3");
  b.RemoveTensor("blk.1.attn_k.weight").Random("blk.1.attn_k.weight", TensorType::kF32, {64, 64});
  EXPECT_THAT(ParseError(b), HasSubstr(".dims: blk.1.attn_k.weight is [64, 64], must be [64, 32]"));
  GgufBuilder norm = TinyModel("gemma3");
  norm.RemoveTensor("output_norm.weight").Random("output_norm.weight", TensorType::kF32, {32});
  EXPECT_THAT(ParseError(norm), HasSubstr("output_norm.weight is [32], must be [64]"));
  GgufBuilder half = TinyModel("gemma3");
  half.RemoveTensor("output_norm.weight").Random("output_norm.weight", TensorType::kF16, {64});
  EXPECT_THAT(ParseError(half), HasSubstr("read are norms and biases of type F32"));
}

TEST(Tensors, ThatTheFamilyDoesNotHaveAreRefused) {
  GgufBuilder b = TinyModel("llama");
  b.Random("blk.0.ffn_gate_inp.weight", TensorType::kF32, {64, 8});
  EXPECT_THAT(
      ParseError(b),
      HasSubstr("the tensor blk.0.ffn_gate_inp.weight, which the family llama does not have"));
}

}  // namespace
}  // namespace motley
