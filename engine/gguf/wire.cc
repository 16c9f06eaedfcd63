#include "engine/gguf/wire.h"

#include <type_traits>

namespace motley {
namespace {

constexpr uint32_t kMagic = 0x3141474d;  // "MGA1"
constexpr uint8_t kIsManifest = 0, kIsError = 1;

// Counts first, so that the answer is allocated once: a growing string would need twice its memory.
struct Counter {
  uint64_t size = 0;
  void Append(const void*, size_t n) { size += n; }
};
struct Appender {
  std::string out;
  void Append(const void* data, size_t n) { out.append(static_cast<const char*>(data), n); }
};

template <class Sink>
class Encoder {
 public:
  explicit Encoder(Sink& sink) : sink_(sink) {}

  template <class T>
  requires std::is_arithmetic_v<T>
  void Put(T value) { sink_.Append(&value, sizeof value); }
  void Put(bool value) { Put(static_cast<uint8_t>(value)); }
  void Put(const std::string& text) {
    Put(static_cast<uint32_t>(text.size()));
    sink_.Append(text.data(), text.size());
  }
  template <class T>
  void Put(const std::vector<T>& values) {
    Put(static_cast<uint32_t>(values.size()));
    for (const auto& value : values) Put(static_cast<const T&>(value));
  }

  void Put(const TensorEntry& tensor) {
    Put(tensor.name);
    Put(static_cast<uint8_t>(tensor.type));
    Put(static_cast<uint8_t>(tensor.dims.size()));
    for (const int64_t dim : tensor.dims) Put(dim);
    Put(tensor.offset);
    Put(tensor.bytes);
  }
  void Put(const Manifest& manifest) {
    Put(kMagic);
    Put(kIsManifest);
    Put(manifest.file_bytes);
    Put(manifest.version);
    Put(manifest.alignment);
    Put(static_cast<uint32_t>(manifest.metadata.size()));
    for (const auto& [key, value] : manifest.metadata) {
      Put(key);
      Put(static_cast<uint8_t>(value.index()));
      std::visit([this](const auto& v) { Put(v); }, value);
    }
    Put(manifest.tensors);
  }
  void Put(const Error& error) {
    Put(kMagic);
    Put(kIsError);
    Put(static_cast<uint8_t>(error.code));
    Put(error.message);
    Put(error.field);
    Put(error.remedy);
    Put(error.offset.has_value());
    Put(error.offset.value_or(0));
  }

 private:
  Sink& sink_;
};

template <class T>
inline constexpr size_t kLeastBytes = sizeof(T);
template <>
inline constexpr size_t kLeastBytes<std::string> = 4;
template <>
inline constexpr size_t kLeastBytes<TensorEntry> = 4 + 1 + 1 + 8 + 8;
// libstdc++ keeps 15 characters inside a std::string; more cost a block of the heap.
constexpr uint32_t kInlineString = 15;
constexpr uint64_t kHeapBlock = 32;
constexpr size_t kLeastEntryBytes = 4 + 1 + 1, kEntryMemory = 160;

class Decoder {
 public:
  explicit Decoder(Bytes in) : in_(in) {}

  template <class T>
  Status Take(T& out) {
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = 0;
      TRY(Take(byte));
      out = byte != 0;
    } else {
      static_assert(std::is_arithmetic_v<T>);
      const Bytes bytes = TRY(Next(sizeof(T)));
      out = LoadUnaligned<T>(bytes.data());
    }
    return {};
  }
  Status Take(std::string& out) {
    uint32_t size = 0;
    TRY(Take(size));
    const Bytes bytes = TRY(Next(size));
    if (size > kInlineString) TRY(Charge(1, size + kHeapBlock));
    out.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  template <class T>
  Status Take(std::vector<T>& out) {
    const uint32_t count = TRY(Count(kLeastBytes<T>, sizeof(T)));
    out.reserve(count);
    for (uint32_t i = 0; i < count; ++i) {
      T value{};
      TRY(Take(value));
      out.push_back(std::move(value));
    }
    return {};
  }
  Status Take(TensorEntry& out) {
    uint8_t type = 0, dims = 0;
    TRY(Take(out.name));
    TRY(Take(type));
    TRY(Take(dims));
    if (type >= kTensorTypes) return Malformed();
    out.type = static_cast<TensorType>(type);
    out.dims.resize(dims);
    for (int64_t& dim : out.dims) TRY(Take(dim));
    TRY(Take(out.offset));
    return Take(out.bytes);
  }
  Status Take(GgufValue& out, uint8_t index) { return TakeAlternative<0>(out, index); }

  // A count of things of at least `bytes_each` here that will cost `memory_each`.
  Result<uint32_t> Count(size_t bytes_each, uint64_t memory_each) {
    uint32_t count = 0;
    TRY(Take(count));
    if (count > (in_.size() - position_) / bytes_each) return Malformed();
    TRY(Charge(count, memory_each));
    return count;
  }
  Error Malformed() const {
    Error error =
        Error::Internal("the parser's answer is malformed at byte " + std::to_string(position_));
    error.field = "answer";
    return error;
  }
  bool AtEnd() const { return position_ == in_.size(); }

 private:
  Status Charge(uint64_t count, uint64_t memory_each) {
    if (count > memory_left_ / memory_each) return Malformed();
    memory_left_ -= count * memory_each;
    return {};
  }
  Result<Bytes> Next(size_t n) {
    if (n > in_.size() - position_) return Malformed();
    const Bytes bytes = in_.subspan(position_, n);
    position_ += n;
    return bytes;
  }
  template <size_t I>
  Status TakeAlternative(GgufValue& out, uint8_t index) {
    if constexpr (I < std::variant_size_v<GgufValue>) {
      return index == I ? Take(out.emplace<I>()) : TakeAlternative<I + 1>(out, index);
    } else {
      return Malformed();
    }
  }

  Bytes in_;
  size_t position_ = 0;
  uint64_t memory_left_ = kMaxDecodedBytes;
};

Result<Manifest> DecodeManifest(Decoder& in) {
  Manifest manifest;
  TRY(in.Take(manifest.file_bytes));
  TRY(in.Take(manifest.version));
  TRY(in.Take(manifest.alignment));
  const uint32_t keys = TRY(in.Count(kLeastEntryBytes, kEntryMemory));
  for (uint32_t i = 0; i < keys; ++i) {
    std::string key;
    uint8_t index = 0;
    TRY(in.Take(key));
    TRY(in.Take(index));
    TRY(in.Take(manifest.metadata[std::move(key)], index));
  }
  TRY(in.Take(manifest.tensors));
  if (!in.AtEnd() || manifest.metadata.size() != keys) return in.Malformed();
  return manifest;
}

Error DecodeError(Decoder& in) {
  Error error;
  uint8_t code = 0;
  bool located = false;
  uint64_t offset = 0;
  const auto take = [&]() -> Status {
    TRY(in.Take(code));
    TRY(in.Take(error.message));
    TRY(in.Take(error.field));
    TRY(in.Take(error.remedy));
    TRY(in.Take(located));
    return in.Take(offset);
  };
  if (!take().ok() || !in.AtEnd() || code > static_cast<uint8_t>(Code::kInternal))
    return in.Malformed();
  error.code = static_cast<Code>(code);
  if (located) error.offset = offset;
  return error;
}

template <class T>
std::string Encode(const T& what) {
  Counter counter;
  Encoder<Counter>(counter).Put(what);
  Appender appender;
  appender.out.reserve(counter.size);
  Encoder<Appender>(appender).Put(what);
  return std::move(appender.out);
}

}  // namespace

std::string EncodeAnswer(const Result<Manifest>& answer) {
  return answer.ok() ? Encode(*answer) : Encode(answer.error());
}

Result<Manifest> DecodeAnswer(Bytes answer) {
  Decoder in(answer);
  uint32_t magic = 0;
  uint8_t kind = 0;
  TRY(in.Take(magic));
  TRY(in.Take(kind));
  if (magic != kMagic || kind > kIsError) return in.Malformed();
  if (kind == kIsManifest) return DecodeManifest(in);
  return DecodeError(in);
}

}  // namespace motley
