#include "hwprofiles/json_fields.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

std::string Shown(const json& value) {
  if (value.is_number_float()) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value.get<double>());
    return text;
  }
  if (value.is_number() || value.is_boolean() || value.is_null()) return value.dump();
  return std::string("a JSON ") + value.type_name();
}

Error Bad(const std::string& path, const json& value, const std::string& wanted) {
  return Error::Invalid(path, path + " is " + Shown(value) + ", must be " + wanted);
}

std::string Indexed(const std::string& path, size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

}  // namespace

Result<double> ReadNumber(const json& value, const std::string& path) {
  if (!value.is_number()) return Bad(path, value, "a number");
  const double number = value.get<double>();
  if (!std::isfinite(number)) return Bad(path, value, "a finite number");
  if (number < 0) return Bad(path, value, "at least 0");
  return number;
}

Result<json> ParseJson(const std::string& text, const std::string& name) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    return Error::Invalid(
               name, name + " is not JSON: unexpected text at byte " + std::to_string(error.byte))
        .At(error.byte);
  } catch (const json::exception& error) {
    return Error::Invalid(name, name + " is not JSON: a number is out of range");
  }
}

json NumberOrNull(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

JsonFields::JsonFields(const json& object, std::string path)
    : object_(&object), path_(std::move(path)) {}

Result<JsonFields> JsonFields::Of(const json& object, std::string path) {
  if (!object.is_object()) {
    const std::string name = path.empty() ? "document" : path;
    return Bad(name, object, "a JSON object");
  }
  return JsonFields(object, std::move(path));
}

Status JsonFields::CheckSchema(std::string_view what, int major) const {
  const std::string text = TRY(Text("schema"));
  const std::string prefix = "motley." + std::string(what) + "/";
  const std::string newest = prefix + std::to_string(major);
  int version = 0;
  const char* end = text.data() + text.size();
  const bool named = text.starts_with(prefix);
  const auto read = named ? std::from_chars(text.data() + prefix.size(), end, version)
                          : std::from_chars_result{text.data(), std::errc::invalid_argument};
  if (read.ec != std::errc() || read.ptr != end || version < 1) {
    return Error::Invalid(Path("schema"),
                          Path("schema") + " is \"" + text + "\", must be \"" + newest + "\"");
  }
  if (version > major) {
    return Error::Invalid(Path("schema"), Path("schema") + " is \"" + text +
                                              "\", the newest this version reads is \"" + newest +
                                              "\"")
        .Fix("update Motley");
  }
  return {};
}

const json* JsonFields::Find(const char* key) const {
  const auto found = object_->find(key);
  if (found == object_->end() || found->is_null()) return nullptr;
  return &*found;
}

bool JsonFields::Has(const char* key) const { return Find(key) != nullptr; }

std::string JsonFields::Path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

Result<const json*> JsonFields::Require(const char* key) const {
  if (const json* value = Find(key)) return value;
  return Error::Invalid(Path(key), Path(key) + " is missing");
}

Result<double> JsonFields::Number(const char* key) const {
  return ReadNumber(*TRY(Require(key)), Path(key));
}

Result<double> JsonFields::NumberOr(const char* key, double fallback) const {
  if (!Has(key)) return fallback;
  return Number(key);
}

Result<double> JsonFields::Positive(const char* key) const {
  const double number = TRY(Number(key));
  if (number == 0) return Error::Invalid(Path(key), Path(key) + " is 0, must be over 0");
  return number;
}

Result<int> JsonFields::Integer(const char* key) const {
  const json& value = *TRY(Require(key));
  const double number = TRY(ReadNumber(value, Path(key)));
  if (number != std::floor(number)) return Bad(Path(key), value, "a whole number");
  if (number > std::numeric_limits<int>::max()) return Bad(Path(key), value, "at most 2147483647");
  return static_cast<int>(number);
}

Result<int> JsonFields::IntegerOr(const char* key, int fallback) const {
  if (!Has(key)) return fallback;
  return Integer(key);
}

Result<std::string> JsonFields::Text(const char* key) const {
  const json& value = *TRY(Require(key));
  if (!value.is_string()) return Bad(Path(key), value, "a string");
  auto text = value.get<std::string>();
  if (text.empty()) return Error::Invalid(Path(key), Path(key) + " is empty");
  return text;
}

Result<std::string> JsonFields::TextOr(const char* key, std::string fallback) const {
  const json* value = Find(key);
  if (!value) return fallback;
  if (!value->is_string()) return Bad(Path(key), *value, "a string");
  return value->get<std::string>();
}

Result<JsonFields> JsonFields::Object(const char* key) const {
  return Of(*TRY(Require(key)), Path(key));
}

Result<std::vector<JsonFields>> JsonFields::Objects(const char* key) const {
  const json& value = *TRY(Require(key));
  if (!value.is_array()) return Bad(Path(key), value, "an array");
  std::vector<JsonFields> out;
  for (size_t i = 0; i < value.size(); ++i) out.push_back(TRY(Of(value[i], Indexed(Path(key), i))));
  return out;
}

Result<std::vector<JsonFields>> JsonFields::ObjectsOr(const char* key) const {
  if (!Has(key)) return std::vector<JsonFields>();
  return Objects(key);
}

Result<std::vector<double>> JsonFields::Numbers(const char* key) const {
  const json& value = *TRY(Require(key));
  if (!value.is_array()) return Bad(Path(key), value, "an array of numbers");
  std::vector<double> out;
  for (size_t i = 0; i < value.size(); ++i) {
    out.push_back(TRY(ReadNumber(value[i], Indexed(Path(key), i))));
  }
  return out;
}

Result<std::vector<std::pair<double, double>>> JsonFields::Pairs(const char* key) const {
  const json& value = *TRY(Require(key));
  if (!value.is_array()) return Bad(Path(key), value, "an array of pairs");
  std::vector<std::pair<double, double>> out;
  for (size_t i = 0; i < value.size(); ++i) {
    const std::string path = Indexed(Path(key), i);
    if (!value[i].is_array() || value[i].size() != 2) {
      return Error::Invalid(path, path + " must be a pair of numbers");
    }
    out.emplace_back(TRY(ReadNumber(value[i][0], path + "[0]")),
                     TRY(ReadNumber(value[i][1], path + "[1]")));
  }
  return out;
}

}  // namespace motley
