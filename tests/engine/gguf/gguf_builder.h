#pragma once
// GGUF files for tests, good and bad: any metadata, tensors of any type with seeded random values,
// and the place of every field in the result, so that a test can spoil exactly one. Library
// motley-gguf-builder. Nothing is checked.
//
//   GgufBuilder b;
//   b.Set("general.architecture", "llama").Set("llama.block_count", uint32_t{2});
//   b.Random("token_embd.weight", TensorType::kQ8_0, {64, 100});
//   WriteFile(path, b.Build());

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/op.h"

namespace motley {

// A field of the built file. kLength: a 64-bit length or count; kDim and kOffset: 64 bits; kType
// and kCount: 32 bits.
struct GgufMark {
  enum Kind { kMagic, kLength, kType, kCount, kDim, kOffset, kValue };
  Kind kind;
  std::string name;  // "llama.block_count value", "tensor[3] dims[1]"
  size_t offset;
  size_t size;
};

struct RandomValues {
  uint64_t seed = 1;
  float spread = 0.1f;  // about the standard deviation
  float mean = 0.0f;    // of F32, F16 and BF16 only
};
// rows * cols values as a GGUF file stores them; for quantised types, blocks of random values and
// sane scales.
std::string RandomTensor(TensorType type, int64_t cols, int64_t rows, RandomValues values);

class GgufBuilder {
 public:
  explicit GgufBuilder(uint32_t version = 3) : version_(version) {}

  // Sets a key, or sets it anew where it stands. The value type in the file is T's: uint32_t{2},
  // 1e-5f, true, "text", std::vector<std::string>{...}, ...
  template <class T>
  GgufBuilder& Set(const std::string& key, const T& value);
  GgufBuilder& Remove(const std::string& key);
  // A key with any type number and any bytes; also when the key is there already.
  GgufBuilder& AppendRaw(const std::string& key, uint32_t type, std::string bytes);

  GgufBuilder& Random(const std::string& name, TensorType type, std::vector<int64_t> dims,
                      RandomValues values = {});
  // A tensor with any type number and any bytes; its data begins at the next aligned place.
  GgufBuilder& Tensor(const std::string& name, uint32_t type, std::vector<uint64_t> dims,
                      std::string data);
  GgufBuilder& RemoveTensor(const std::string& name);

  GgufBuilder& Align(uint32_t alignment);  // also sets general.alignment
  std::string Build();
  // Of the last Build.
  const std::vector<GgufMark>& marks() const { return marks_; }

 private:
  struct Part {
    GgufMark::Kind kind;
    const char* what;
    std::string bytes;
  };
  struct Key {
    std::string name;
    uint32_t type;
    std::vector<Part> parts;
  };
  struct TensorData {
    std::string name;
    uint32_t type;
    std::vector<uint64_t> dims;
    std::string data;
  };
  template <class T>
  static std::string Packed(T value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class T>
  static constexpr uint32_t TypeNumber();
  static void PutText(std::vector<Part>& parts, const std::string& text);
  GgufBuilder& SetParts(const std::string& key, uint32_t type, std::vector<Part> parts);
  void Put(std::string& out, GgufMark::Kind kind, std::string name, const std::string& bytes);
  void PutName(std::string& out, const std::string& owner, const std::string& name);

  uint32_t version_;
  uint32_t alignment_ = 32;
  std::vector<Key> keys_;
  std::vector<TensorData> tensors_;
  std::vector<GgufMark> marks_;
};

// Small models with random weights that every part of Motley accepts: llama, qwen2, qwen3, gemma3.
struct TinyOptions {
  int layers = 2;
  int embedding = 64;  // 256 (and feed_forward 256 or 512, heads * head 256) for the K types
  int heads = 4;
  int kv_heads = 2;
  int head = 16;
  int feed_forward = 128;
  int context = 512;
  int sliding_window = 32;             // gemma3
  TensorType type = TensorType::kF32;  // matrices; norms and biases are F32
  TensorType embedding_type = TensorType::kF32;
  bool own_output = false;  // else output.weight is the embedding's
  uint64_t seed = 1;
};
GgufBuilder TinyModel(const std::string& family, TinyOptions options = {});
std::string MakeTinyModel(const std::string& family, TinyOptions options = {});
// A byte-level BPE vocabulary: 3 special tokens (<|endoftext|> 0, <|im_start|> 1, <|im_end|> 2),
// the 256 bytes, and the merges of some English words; a ChatML template. `pre` names the splitting
// rule.
void AddTinyVocabulary(GgufBuilder& builder, const std::string& pre);

void WriteFile(const std::string& path, const std::string& bytes);

template <class T>
constexpr uint32_t GgufBuilder::TypeNumber() {
  if constexpr (std::is_same_v<T, uint8_t>) return 0;
  if constexpr (std::is_same_v<T, int8_t>) return 1;
  if constexpr (std::is_same_v<T, uint16_t>) return 2;
  if constexpr (std::is_same_v<T, int16_t>) return 3;
  if constexpr (std::is_same_v<T, uint32_t>) return 4;
  if constexpr (std::is_same_v<T, int32_t>) return 5;
  if constexpr (std::is_same_v<T, float>) return 6;
  if constexpr (std::is_same_v<T, bool>) return 7;
  if constexpr (std::is_same_v<T, std::string>) return 8;
  if constexpr (std::is_integral_v<T> && sizeof(T) == 8) return std::is_signed_v<T> ? 11 : 10;
  if constexpr (std::is_same_v<T, double>) return 12;
}

template <class T>
GgufBuilder& GgufBuilder::Set(const std::string& key, const T& value) {
  std::vector<Part> parts;
  if constexpr (std::is_convertible_v<T, std::string>) {
    PutText(parts, value);
    return SetParts(key, TypeNumber<std::string>(), std::move(parts));
  } else if constexpr (std::is_arithmetic_v<T>) {
    parts.push_back({GgufMark::kValue, "value", Packed(value)});
    return SetParts(key, TypeNumber<T>(), std::move(parts));
  } else {
    using Element = typename T::value_type;
    parts.push_back({GgufMark::kType, "element type", Packed(TypeNumber<Element>())});
    parts.push_back({GgufMark::kLength, "array length", Packed(uint64_t{value.size()})});
    for (const auto& element : value) {
      if constexpr (std::is_same_v<Element, std::string>) {
        PutText(parts, element);
      } else {
        parts.push_back({GgufMark::kValue, "element", Packed(static_cast<Element>(element))});
      }
    }
    return SetParts(key, 9, std::move(parts));
  }
}

}  // namespace motley
