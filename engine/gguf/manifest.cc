#include "engine/gguf/manifest.h"

#include <array>
#include <functional>
#include <numeric>

#include "base/checked.h"

namespace motley {
namespace {

Error Missing(const std::string& key) {
  Error error = Error::NotFound(key + " is not in the file");
  error.field = key;
  return error;
}

Error WrongType(const std::string& key, const GgufValue& value, const char* wanted) {
  static constexpr std::array<const char*, std::variant_size_v<GgufValue>> kNames = {
      "a boolean",          "an integer",           "an integer",           "a float",
      "a string",           "an array of booleans", "an array of integers", "an array of floats",
      "an array of strings"};
  return Error::Invalid(key, std::string("is ") + kNames[value.index()] + ", must be " + wanted);
}

const GgufValue* Find(const Manifest& manifest, const std::string& key) {
  const auto found = manifest.metadata.find(key);
  return found == manifest.metadata.end() ? nullptr : &found->second;
}

template <class T>
const T* FindAs(const Manifest& manifest, const std::string& key) {
  return std::get_if<T>(Find(manifest, key));
}

}  // namespace

int64_t TensorEntry::rows() const {
  return dims.empty()
             ? 1
             : std::accumulate(dims.begin() + 1, dims.end(), int64_t{1}, std::multiplies<>());
}

const TensorEntry* Manifest::FindTensor(const std::string& name) const {
  for (const TensorEntry& tensor : tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

Result<std::string> Manifest::String(const std::string& key) const {
  const GgufValue* value = Find(*this, key);
  if (!value) return Missing(key);
  if (const auto* text = std::get_if<std::string>(value)) return *text;
  return WrongType(key, *value, "a string");
}

Result<int64_t> Manifest::Integer(const std::string& key) const {
  const GgufValue* value = Find(*this, key);
  if (!value) return Missing(key);
  if (const auto* number = std::get_if<int64_t>(value)) return *number;
  const auto* number = std::get_if<uint64_t>(value);
  if (!number) return WrongType(key, *value, "an integer");
  if (const auto narrow = CheckedCast<int64_t>(*number)) return *narrow;
  return Error::Invalid(key, "is " + std::to_string(*number) + ", the limit is 2^63 - 1");
}

Result<double> Manifest::Number(const std::string& key) const {
  const GgufValue* value = Find(*this, key);
  if (!value) return Missing(key);
  if (const auto* number = std::get_if<double>(value)) return *number;
  return WrongType(key, *value, "a float");
}

int64_t Manifest::IntegerOr(const std::string& key, int64_t otherwise) const {
  const auto value = Integer(key);
  return value.ok() ? *value : otherwise;
}

double Manifest::NumberOr(const std::string& key, double otherwise) const {
  const auto value = Number(key);
  return value.ok() ? *value : otherwise;
}

bool Manifest::BoolOr(const std::string& key, bool otherwise) const {
  const bool* value = FindAs<bool>(*this, key);
  return value ? *value : otherwise;
}

const std::vector<std::string>* Manifest::Strings(const std::string& key) const {
  return FindAs<std::vector<std::string>>(*this, key);
}

const std::vector<int64_t>* Manifest::Integers(const std::string& key) const {
  return FindAs<std::vector<int64_t>>(*this, key);
}

const std::vector<double>* Manifest::Numbers(const std::string& key) const {
  return FindAs<std::vector<double>>(*this, key);
}

}  // namespace motley
