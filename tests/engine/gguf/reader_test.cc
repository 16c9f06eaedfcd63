// The layout of a file: rows 1 to 6 of the faults page, one claim each and more.

#include "engine/gguf/reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "tests/engine/gguf/gguf_test_util.h"

namespace motley {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr uint64_t kHuge = ~0ull;

TEST(Reader, KeepsEveryScalarTypeWidened) {
  GgufBuilder b = AnyMetadata();
  b.Set("u8", uint8_t{200})
      .Set("i8", int8_t{-3})
      .Set("u16", uint16_t{60000})
      .Set("i16", int16_t{-300});
  b.Set("u32", uint32_t{4000000000}).Set("i32", int32_t{-5}).Set("f32", 0.5f).Set("yes", true);
  b.Set("text", "h\xc3\xa9").Set("u64", uint64_t{1} << 63).Set("i64", int64_t{-6}).Set("f64", 0.25);
  const auto m = ParseBytes(b.Build());
  ASSERT_EQ(ErrorOf(m), "");
  EXPECT_EQ(*m->Integer("u8"), 200);
  EXPECT_EQ(*m->Integer("i8"), -3);
  EXPECT_EQ(*m->Integer("u16"), 60000);
  EXPECT_EQ(*m->Integer("i16"), -300);
  EXPECT_EQ(*m->Integer("u32"), 4000000000);
  EXPECT_EQ(*m->Integer("i32"), -5);
  EXPECT_EQ(*m->Integer("i64"), -6);
  EXPECT_EQ(std::get<uint64_t>(m->metadata.at("u64")), uint64_t{1} << 63);
  EXPECT_EQ(m->Integer("u64").error().field, "u64");
  EXPECT_EQ(*m->Number("f32"), 0.5);
  EXPECT_EQ(*m->Number("f64"), 0.25);
  EXPECT_TRUE(m->BoolOr("yes", false));
  EXPECT_EQ(*m->String("text"), "h\xc3\xa9");
}

TEST(Reader, KeepsEveryArrayType) {
  GgufBuilder b = AnyMetadata();
  b.Set("u8", std::vector<uint8_t>{1, 255})
      .Set("i8", std::vector<int8_t>{-1})
      .Set("u16", std::vector<uint16_t>{9});
  b.Set("i16", std::vector<int16_t>{-9})
      .Set("u32", std::vector<uint32_t>{7})
      .Set("i32", std::vector<int32_t>{-7});
  b.Set("f32", std::vector<float>{0.5f})
      .Set("bools", std::vector<bool>{true, false})
      .Set("f64", std::vector<double>{2});
  b.Set("u64", std::vector<uint64_t>{8})
      .Set("i64", std::vector<int64_t>{-8})
      .Set("none", std::vector<int32_t>{});
  b.Set("texts", std::vector<std::string>{"", "a string that is longer than fifteen"});
  const auto m = ParseBytes(b.Build());
  ASSERT_EQ(ErrorOf(m), "");
  EXPECT_EQ(*m->Integers("u8"), (std::vector<int64_t>{1, 255}));
  EXPECT_EQ(*m->Integers("i8"), std::vector<int64_t>{-1});
  EXPECT_EQ(*m->Integers("u16"), std::vector<int64_t>{9});
  EXPECT_EQ(*m->Integers("i16"), std::vector<int64_t>{-9});
  EXPECT_EQ(*m->Integers("u32"), std::vector<int64_t>{7});
  EXPECT_EQ(*m->Integers("i32"), std::vector<int64_t>{-7});
  EXPECT_EQ(*m->Integers("u64"), std::vector<int64_t>{8});
  EXPECT_EQ(*m->Integers("i64"), std::vector<int64_t>{-8});
  EXPECT_EQ(*m->Numbers("f32"), std::vector<double>{0.5});
  EXPECT_EQ(*m->Numbers("f64"), std::vector<double>{2});
  EXPECT_EQ(std::get<std::vector<bool>>(m->metadata.at("bools")), (std::vector<bool>{true, false}));
  EXPECT_EQ(m->Strings("texts")->at(1), "a string that is longer than fifteen");
  EXPECT_TRUE(m->Integers("none")->empty());
}

TEST(Reader, ReadsEveryTensorTypeAndBothVersions) {
  for (const TensorType type :
       {TensorType::kF32, TensorType::kF16, TensorType::kBF16, TensorType::kQ8_0, TensorType::kQ4_0,
        TensorType::kQ4_1, TensorType::kQ5_0, TensorType::kQ5_1, TensorType::kQ4_K,
        TensorType::kQ5_K, TensorType::kQ6_K}) {
    GgufBuilder b = TinyModel("llama", {.layers = 1,
                                        .embedding = 256,
                                        .head = 64,
                                        .feed_forward = 256,
                                        .type = type,
                                        .embedding_type = type});
    const std::string bytes = b.Build();
    const auto m = ParseBytes(Spoiled(bytes, 4, uint32_t{2}));
    ASSERT_EQ(ErrorOf(m), "") << Traits(type).name;
    EXPECT_EQ(m->version, 2u);
    const TensorEntry* q = m->FindTensor("blk.0.attn_q.weight");
    ASSERT_NE(q, nullptr);
    EXPECT_EQ(q->type, type);
    EXPECT_EQ(static_cast<int64_t>(q->bytes), RowBytes(type, 256) * 256);
    RandomValues values;
    EXPECT_LE(q->offset + q->bytes, bytes.size());
    for (const char c : std::string("blk.0.attn_q.weight")) {
      values.seed = values.seed * 1099511628211u + static_cast<uint8_t>(c);
    }
    values.spread = 1.5f / 16;
    EXPECT_EQ(bytes.substr(q->offset, q->bytes), RandomTensor(type, 256, 256, values));
  }
}

TEST(Reader, ReadsTensorsBehindALargerAlignment) {
  GgufBuilder b = TinyModel("llama");
  const auto m = ParseBytes(b.Align(4096).Build());
  ASSERT_EQ(ErrorOf(m), "");
  EXPECT_EQ(m->alignment, 4096u);
  for (const TensorEntry& tensor : m->tensors) EXPECT_EQ(tensor.offset % 4096, 0u);
}

TEST(Reader, RefusesWhatIsNotALittleEndianGgufOfVersion2Or3) {
  GgufBuilder b = AnyMetadata();
  const std::string bytes = b.Build();
  EXPECT_THAT(ErrorOf(ParseBytes("")), StartsWith("header.magic: "));
  EXPECT_THAT(ErrorOf(ParseBytes("GGML" + bytes.substr(4))), StartsWith("header.magic: "));
  EXPECT_THAT(ErrorOf(ParseBytes(Spoiled(bytes, 4, 1u))), StartsWith("header.version: "));
  EXPECT_THAT(ErrorOf(ParseBytes(Spoiled(bytes, 4, 0x03000000u))), HasSubstr("big-endian"));
  EXPECT_EQ(ParseBytes(Spoiled(bytes, 4, 4u)).error().code, Code::kUnsupported);
}

TEST(Reader, RefusesWhatIsNotARegularFile) {
  EXPECT_EQ(ParseGguf("/no/such/file").error().code, Code::kNotFound);
  EXPECT_EQ(ParseGguf(testing::TempDir()).error().field, "file");
  const std::string pipe = testing::TempDir() + "motley-gguf-pipe-" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(ErrorOf(ParseGguf(pipe)), HasSubstr("not a regular file"));
  unlink(pipe.c_str());
}

// Row 1: more dims than a tensor can have, and dims whose product overflows.
TEST(Faults, Row1DimsAreFewAboveZeroAndTheirProductIsChecked) {
  GgufBuilder b = AnyMetadata();
  b.Tensor("t", 0, {1, 1, 1, 1, 1}, std::string(4, 'x'));
  EXPECT_THAT(ParseError(b), StartsWith("tensor[0].n_dims: t has 5 dims"));
  b.RemoveTensor("t").Tensor("t", 0, {}, std::string(4, 'x'));
  EXPECT_THAT(ParseError(b), StartsWith("tensor[0].n_dims: t has 0 dims"));
  b.RemoveTensor("t").Tensor("t", 0, {4, 0}, "");
  EXPECT_THAT(ParseError(b), StartsWith("tensor[0].dims[1]: "));
  b.RemoveTensor("t").Tensor("t", 0, {1ull << 32, 1ull << 31}, "");
  EXPECT_THAT(ParseError(b), StartsWith("tensor[0].dims[1]: t has more than 2^63 - 1 values"));
  b.RemoveTensor("t").Tensor("t", 0, {1ull << 62}, "");
  EXPECT_THAT(ParseError(b), StartsWith("tensor[0].dims: t has more than 2^64 - 1 bytes"));
  b.RemoveTensor("t").Tensor("t", 0, {kHuge}, "");
  EXPECT_THAT(ParseError(b), StartsWith("tensor[0].dims[0]: "));
}

TEST(Faults, Row1TypesOutsideTheTableAreRefusedByNameAndTensor) {
  GgufBuilder b = AnyMetadata();
  b.Tensor("blk.0.odd", 16, {256}, std::string(66, 'x'));
  const auto iq2 = ParseBytes(b.Build());
  EXPECT_THAT(ErrorOf(iq2),
              StartsWith("tensor[0].type: blk.0.odd has type IQ2_XXS, read are F32 "));
  EXPECT_EQ(iq2.error().code, Code::kUnsupported);
  b.RemoveTensor("blk.0.odd").Tensor("indices", 26, {1}, std::string(4, 'x'));
  EXPECT_THAT(ParseError(b), StartsWith("tensor[0].type: indices has type I32"));
  b.RemoveTensor("indices").Tensor("t", 4711, {1}, std::string(4, 'x'));
  EXPECT_THAT(ParseError(b),
              StartsWith("tensor[0].type: t has type 4711, which is no tensor type"));
}

TEST(Faults, Row1RowsAreWholeBlocks) {
  GgufBuilder b = AnyMetadata();
  b.Tensor("t", 8, {33}, std::string(68, 'x'));
  EXPECT_THAT(
      ParseError(b),
      StartsWith("tensor[0].dims[0]: t has rows of 33 values, Q8_0 needs a multiple of 32"));
}

// Row 2: counts that no file of this size can hold.
TEST(Faults, Row2CountsAreBoundedByTheRestOfTheFile) {
  GgufBuilder b = AnyMetadata();
  b.Set("list", std::vector<uint32_t>{1, 2, 3});
  const std::string bytes = b.Build();
  const size_t length = MarkNamed(b, "list array length").offset;
  for (const uint64_t n :
       {kHuge, kHuge / 2, uint64_t{1} << 63, uint64_t{1} << 32, uint64_t{1000}, kHuge / 4 + 2}) {
    EXPECT_THAT(ErrorOf(ParseBytes(Spoiled(bytes, 8, n))),
                StartsWith("header.tensor_count: a count of "))
        << n;
    EXPECT_THAT(ErrorOf(ParseBytes(Spoiled(bytes, 16, n))),
                StartsWith("header.kv_count: a count of "))
        << n;
    const auto list = ParseBytes(Spoiled(bytes, length, n));
    EXPECT_THAT(ErrorOf(list), StartsWith("list: a count of ")) << n;
    EXPECT_EQ(list.error().offset, length) << n;
  }
}

// A file that has the bytes (sparse ones) and would still cost 32 GB of memory.
TEST(Faults, Row2AThousandMillionEmptyStringsAreRefusedForTheirMemory) {
  GgufBuilder b = AnyMetadata();
  b.Set("list", std::vector<std::string>{""});
  const std::string bytes = b.Build();
  const SavedFile file(
      Spoiled(bytes, MarkNamed(b, "list array length").offset, uint64_t{1'000'000'000}));
  ASSERT_EQ(truncate(file.path().c_str(), 9'000'000'000), 0);
  EXPECT_THAT(ErrorOf(ParseGguf(file.path())),
              StartsWith("list: metadata that needs more than 80.0 MiB"));
}

TEST(Faults, Row2ManySmallThingsAreCountedTogether) {
  GgufBuilder b = AnyMetadata();
  const std::vector<std::string> list(500'000, "sixteen or more characters");
  for (const char* key : {"a", "b", "c", "d"}) b.Set(key, list);
  EXPECT_THAT(ParseError(b), testing::AllOf(StartsWith("b["), HasSubstr("80.0 MiB")));
}

// Row 3: not one field but all of them.
TEST(Faults, Row3NoRandomLengthInAnyFieldIsReadPastTheEnd) {
  GgufBuilder b = TinyModel(
      "llama", {.layers = 1, .embedding = 32, .heads = 2, .kv_heads = 1, .feed_forward = 32});
  const std::string bytes = b.Build();
  std::mt19937_64 random(3);
  int fields = 0;
  for (const GgufMark& mark : b.marks()) {
    if (mark.kind != GgufMark::kLength || fields++ % 7 != 0) continue;
    const auto m = ParseBytes(Spoiled(bytes, mark.offset, random() | (1ull << 40)));
    ASSERT_FALSE(m.ok()) << mark.name;
    EXPECT_NE(m.error().field, "") << mark.name;
    EXPECT_EQ(m.error().offset, mark.offset) << mark.name;
  }
  EXPECT_GT(fields, 300);
}

// Row 4: a tensor that says it is larger than the file.
TEST(Faults, Row4TensorsLieWithinTheFile) {
  GgufBuilder b = TinyModel("llama");
  const std::string bytes = b.Build();
  const std::string last = "tensor[" + std::to_string(ParseBytes(bytes)->tensors.size() - 1) + "]";
  EXPECT_THAT(ErrorOf(ParseBytes(bytes.substr(0, bytes.size() - 200))),
              StartsWith(last + ".offset: output_norm"));
  const size_t offset = MarkNamed(b, last + " offset").offset;
  const auto far = ParseBytes(Spoiled(bytes, offset, uint64_t{1} << 40));
  EXPECT_THAT(ErrorOf(far), HasSubstr("bytes from byte"));
  EXPECT_TRUE(far.error().offset.has_value());
  EXPECT_THAT(ErrorOf(ParseBytes(Spoiled(bytes, offset, kHuge - 31))),
              StartsWith(last + ".offset: "));
}

TEST(Faults, Row4TensorsDoNotOverlap) {
  GgufBuilder b = TinyModel("llama");
  const std::string bytes = b.Build();
  EXPECT_THAT(
      ErrorOf(ParseBytes(Spoiled(bytes, MarkNamed(b, "tensor[1] offset").offset, uint64_t{0}))),
      HasSubstr("inside "));
}

// Row 6: alignments that abort or divide by zero elsewhere.
TEST(Faults, Row6AlignmentIsAPowerOfTwoUpTo64KiB) {
  for (const uint32_t alignment : {0u, 1u, 4u, 3u, 24u, 100u, 131072u, 0x80000000u, ~0u}) {
    GgufBuilder b = AnyMetadata();
    b.Set("general.alignment", alignment);
    EXPECT_THAT(ParseError(b), StartsWith("general.alignment: is ")) << alignment;
  }
  GgufBuilder text = AnyMetadata();
  text.Set("general.alignment", "32");
  EXPECT_THAT(ParseError(text), StartsWith("general.alignment: is a string"));
  for (const uint32_t alignment : {8u, 16u, 64u, 65536u}) {
    GgufBuilder b = AnyMetadata();
    EXPECT_EQ(ParseError(b.Align(alignment)), "") << alignment;
  }
}

TEST(Faults, Row6TensorsBeginAtAlignedPlaces) {
  GgufBuilder b = TinyModel("llama");
  const std::string bytes = b.Build();
  EXPECT_THAT(
      ErrorOf(ParseBytes(Spoiled(bytes, MarkNamed(b, "tensor[0] offset").offset, uint64_t{4}))),
      HasSubstr("must be a multiple of 32"));
}

TEST(Reader, RefusesKeysAndTensorsThatComeTwice) {
  GgufBuilder keys = AnyMetadata();
  keys.Set("twice", 1u).AppendRaw("twice", 7, std::string(1, '\1'));
  EXPECT_THAT(ParseError(keys), StartsWith("twice: this key is in the file twice"));
  GgufBuilder tensors = TinyModel("llama");
  tensors.Random("output_norm.weight", TensorType::kF32, {64});
  EXPECT_THAT(ParseError(tensors), HasSubstr("output_norm.weight is in the file twice"));
}

TEST(Reader, BoundsNamesAndStrings) {
  GgufBuilder b = AnyMetadata();
  b.Tensor(std::string(65, 'n'), 0, {1}, std::string(4, 'x'));
  EXPECT_THAT(ParseError(b), StartsWith("tensor[0].name: a string of 65 bytes, the limit is 64"));
  GgufBuilder key = AnyMetadata();
  EXPECT_THAT(ParseError(key.Set(std::string(65536, 'k'), 1u)), StartsWith("metadata[1].key: "));
  GgufBuilder odd = AnyMetadata();
  EXPECT_THAT(ParseError(odd.Set("with space", 1u)), HasSubstr("not printable ASCII"));
  GgufBuilder text = AnyMetadata();
  EXPECT_THAT(ParseError(text.Set("text", std::string((16 << 20) + 1, 't'))),
              HasSubstr("the limit is 16777216"));
}

TEST(Reader, RefusesOddValues) {
  GgufBuilder nested = AnyMetadata();
  nested.AppendRaw("nested", 9,
                   std::string("\x09\0\0\0\1\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0", 24));
  const auto m = ParseBytes(nested.Build());
  EXPECT_THAT(ErrorOf(m), StartsWith("nested: an array of arrays"));
  EXPECT_EQ(m.error().code, Code::kUnsupported);
  GgufBuilder type = AnyMetadata();
  EXPECT_THAT(ParseError(type.AppendRaw("k", 13, std::string(8, '\0'))),
              StartsWith("k: has value type 13"));
  GgufBuilder boolean = AnyMetadata();
  EXPECT_THAT(ParseError(boolean.AppendRaw("k", 7, "\2")), StartsWith("k: a boolean stored as 2"));
  GgufBuilder wide = AnyMetadata();
  EXPECT_THAT(ParseError(wide.Set("k", std::vector<uint64_t>{1, kHuge})),
              StartsWith("k[1]: is 18446744073709551615"));
}

}  // namespace
}  // namespace motley
