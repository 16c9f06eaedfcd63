// GGUF's key-value part. Value types and their numbers: the public GGUF specification,
// gguf_metadata_value_type.

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include "engine/gguf/reader.h"

namespace motley {
namespace {

enum ValueType : uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64,
};
constexpr uint32_t kValueTypes = 13;

// A node of the two maps that hold a key, its value and its offset, without what the strings keep
// outside.
constexpr uint64_t kEntryCost = 320;

Error UnknownType(const std::string& key, uint32_t type, uint64_t at) {
  return Error::Invalid(key, "has value type " + std::to_string(type) + ", known are 0 to 12")
      .At(at);
}

Result<bool> ReadBool(Cursor& cursor, Field field) {
  const uint64_t at = cursor.position();
  const uint8_t byte = TRY(cursor.Read<uint8_t>(field));
  if (byte <= 1) return byte == 1;
  return Error::Invalid(field.Text(),
                        "a boolean stored as " + std::to_string(byte) + ", must be 0 or 1")
      .At(at);
}

template <class Stored, class Kept>
Result<GgufValue> ReadScalar(Cursor& cursor, const std::string& key) {
  return GgufValue(static_cast<Kept>(TRY(cursor.Read<Stored>({key}))));
}

template <class Stored, class Kept>
Result<GgufValue> ReadNumbers(Cursor& cursor, const std::string& key, uint64_t count) {
  TRY(cursor.Charge({key}, count, sizeof(Kept), cursor.position()));
  std::vector<Kept> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const Field field{key, static_cast<int64_t>(i)};
    const Stored value = TRY(cursor.Read<Stored>(field));
    if constexpr (std::is_same_v<Stored, uint64_t>) {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return Error::Invalid(field.Text(),
                              "is " + std::to_string(value) + ", the limit in an array is 2^63 - 1")
            .At(cursor.position() - sizeof(Stored));
      }
    }
    values.push_back(static_cast<Kept>(value));
  }
  return GgufValue(std::move(values));
}

Result<GgufValue> ReadBools(Cursor& cursor, const std::string& key, uint64_t count) {
  TRY(cursor.Charge({key}, count, 1, cursor.position()));
  std::vector<bool> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    values.push_back(TRY(ReadBool(cursor, {key, static_cast<int64_t>(i)})));
  }
  return GgufValue(std::move(values));
}

Result<GgufValue> ReadStrings(Cursor& cursor, const std::string& key, uint64_t count) {
  TRY(cursor.Charge({key}, count, sizeof(std::string), cursor.position()));
  std::vector<std::string> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    values.push_back(TRY(cursor.ReadString({key, static_cast<int64_t>(i)}, kMaxStringBytes)));
  }
  return GgufValue(std::move(values));
}

Result<GgufValue> ReadArray(Cursor& cursor, const std::string& key) {
  static constexpr std::array<uint64_t, kValueTypes> kMinBytes = {1, 1, 2,  2, 4, 4, 4,
                                                                  1, 8, 12, 8, 8, 8};
  const uint64_t at = cursor.position();
  const uint32_t type = TRY(cursor.Read<uint32_t>({key}));
  if (type >= kValueTypes) return UnknownType(key, type, at);
  if (type == kArray) {
    Error error =
        Error::Unsupported("an array of arrays; arrays hold numbers, booleans or strings");
    error.field = key;
    return std::move(error).At(at);
  }
  const uint64_t count = TRY(cursor.Read<uint64_t>({key}));
  TRY(cursor.CheckCount({key}, count, kMinBytes[type], at + sizeof type));
  switch (type) {
    case kUint8:
      return ReadNumbers<uint8_t, int64_t>(cursor, key, count);
    case kInt8:
      return ReadNumbers<int8_t, int64_t>(cursor, key, count);
    case kUint16:
      return ReadNumbers<uint16_t, int64_t>(cursor, key, count);
    case kInt16:
      return ReadNumbers<int16_t, int64_t>(cursor, key, count);
    case kUint32:
      return ReadNumbers<uint32_t, int64_t>(cursor, key, count);
    case kInt32:
      return ReadNumbers<int32_t, int64_t>(cursor, key, count);
    case kUint64:
      return ReadNumbers<uint64_t, int64_t>(cursor, key, count);
    case kInt64:
      return ReadNumbers<int64_t, int64_t>(cursor, key, count);
    case kFloat32:
      return ReadNumbers<float, double>(cursor, key, count);
    case kFloat64:
      return ReadNumbers<double, double>(cursor, key, count);
    case kBool:
      return ReadBools(cursor, key, count);
    default:
      return ReadStrings(cursor, key, count);
  }
}

Result<GgufValue> ReadValue(Cursor& cursor, const std::string& key) {
  const uint64_t at = cursor.position();
  const uint32_t type = TRY(cursor.Read<uint32_t>({key}));
  switch (type) {
    case kUint8:
      return ReadScalar<uint8_t, uint64_t>(cursor, key);
    case kUint16:
      return ReadScalar<uint16_t, uint64_t>(cursor, key);
    case kUint32:
      return ReadScalar<uint32_t, uint64_t>(cursor, key);
    case kUint64:
      return ReadScalar<uint64_t, uint64_t>(cursor, key);
    case kInt8:
      return ReadScalar<int8_t, int64_t>(cursor, key);
    case kInt16:
      return ReadScalar<int16_t, int64_t>(cursor, key);
    case kInt32:
      return ReadScalar<int32_t, int64_t>(cursor, key);
    case kInt64:
      return ReadScalar<int64_t, int64_t>(cursor, key);
    case kFloat32:
      return ReadScalar<float, double>(cursor, key);
    case kFloat64:
      return ReadScalar<double, double>(cursor, key);
    case kBool:
      return GgufValue(TRY(ReadBool(cursor, {key})));
    case kString:
      return GgufValue(TRY(cursor.ReadString({key}, kMaxStringBytes)));
    case kArray:
      return ReadArray(cursor, key);
    default:
      return UnknownType(key, type, at);
  }
}

bool Printable(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Status ReadMetadata(Cursor& cursor, uint64_t count, Manifest& out, Offsets& offsets) {
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = cursor.position();
    const std::string place = Field{"metadata", static_cast<int64_t>(i)}.Text() + ".key";
    TRY(cursor.Charge({place}, 1, kEntryCost, at));
    const std::string key = TRY(cursor.ReadString({place}, kMaxKeyBytes));
    if (!Printable(key)) {
      return Error::Invalid(place, "the key " + Quoted(key) + " is empty or not printable ASCII")
          .At(at);
    }
    // The key is held twice.
    TRY(cursor.Charge({place}, 1, key.size(), at));
    const uint64_t value_at = cursor.position();
    if (!offsets.metadata.emplace(key, value_at).second) {
      return Error::Invalid(key, "this key is in the file twice").At(at);
    }
    out.metadata.emplace(key, TRY(ReadValue(cursor, key)));
  }
  return {};
}

}  // namespace motley
