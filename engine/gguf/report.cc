#include "engine/gguf/report.h"

#include <nlohmann/json.hpp>
#include <type_traits>

namespace motley {
namespace {

using nlohmann::json;

constexpr size_t kShownElements = 8;

// Bytes of the well-formed UTF-8 character that `text` begins with, 0 when there is none (Unicode
// 15, table 3-7).
size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return size;
}

std::string ValidUtf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    out += size ? text.substr(0, size) : "\xef\xbf\xbd";
    text.remove_prefix(size ? size : 1);
  }
  return out;
}

template <class T>
json ValueToJson(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return ValidUtf8(value);
  } else {
    return value;
  }
}

template <class T>
json ValueToJson(const std::vector<T>& values) {
  json first = json::array();
  for (size_t i = 0; i < values.size() && i < kShownElements; ++i) {
    first.push_back(ValueToJson(static_cast<const T&>(values[i])));
  }
  if (values.size() <= kShownElements) return first;
  return {{"count", values.size()}, {"first", std::move(first)}};
}

}  // namespace

json ToJson(const Manifest& manifest) {
  json metadata = json::object(), tensors = json::array();
  for (const auto& [key, value] : manifest.metadata) {
    metadata[key] = std::visit([](const auto& v) { return ValueToJson(v); }, value);
  }
  for (const TensorEntry& tensor : manifest.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"type", Traits(tensor.type).name},
                       {"dims", tensor.dims},
                       {"offset", tensor.offset},
                       {"bytes", tensor.bytes}});
  }
  return {{"schema", "motley.manifest/1"},     {"path", ValidUtf8(manifest.path)},
          {"file_bytes", manifest.file_bytes}, {"version", manifest.version},
          {"alignment", manifest.alignment},   {"metadata", std::move(metadata)},
          {"tensors", std::move(tensors)}};
}

json ErrorToJson(const Error& error) {
  json out = {{"code", CodeName(error.code)},
              {"message", ValidUtf8(error.message)},
              {"field", nullptr},
              {"offset", nullptr}};
  if (!error.field.empty()) out["field"] = ValidUtf8(error.field);
  if (error.offset) out["offset"] = *error.offset;
  if (!error.remedy.empty()) out["remedy"] = ValidUtf8(error.remedy);
  return {{"error", std::move(out)}};
}

}  // namespace motley
