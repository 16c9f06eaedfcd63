#include "daemon/validate/rules.h"

#include <fmt/format.h>

#include <cmath>

#include "daemon/validate/utf8.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr size_t kShownBytes = 40;
constexpr double kExactDouble = 9007199254740992.0;  // 2^53: beyond, the digits written are lost

std::string ShowNumber(long double number, Kind kind) {
  if (kind == Kind::kInteger) return fmt::format("{:.0f}", number);
  return fmt::format("{:g}", static_cast<double>(number));
}

std::string Show(const json& value) {
  if (value.is_number() || value.is_boolean()) return Shorten(value.dump(), kShownBytes);
  return fmt::format("a JSON {}", value.type_name());
}

bool IsKind(const json& value, Kind kind) {
  switch (kind) {
    case Kind::kBoolean:
      return value.is_boolean();
    case Kind::kInteger:
      if (value.is_number_float()) {
        const double number = value.get<double>();
        return std::trunc(number) == number && std::abs(number) <= kExactDouble;
      }
      return value.is_number_integer();
    case Kind::kNumber:
      return value.is_number();
    case Kind::kString:
      return value.is_string();
    case Kind::kArray:
      return value.is_array();
    case Kind::kObject:
      return value.is_object();
    case Kind::kAny:
      return true;
  }
  return false;
}

long double NumberOf(const json& value) {
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<uint64_t>());
  if (value.is_number_integer()) return static_cast<long double>(value.get<int64_t>());
  return static_cast<long double>(value.get<double>());
}

}  // namespace

std::string Describe(Kind kind, Range range) {
  switch (kind) {
    case Kind::kBoolean:
      return "true or false";
    case Kind::kInteger:
    case Kind::kNumber:
      return fmt::format("{} from {} to {}", kind == Kind::kInteger ? "an integer" : "a number",
                         ShowNumber(range.low, kind), ShowNumber(range.high, kind));
    case Kind::kString:
      return "a string";
    case Kind::kArray:
      return "an array";
    case Kind::kObject:
      return "an object";
    case Kind::kAny:
      return "any value";
  }
  return "";
}

Status CheckKind(std::string_view name, const json& value, Kind kind, Range range) {
  bool good = IsKind(value, kind);
  if (good && (kind == Kind::kInteger || kind == Kind::kNumber)) {
    const long double number = NumberOf(value);
    good = number >= range.low && number <= range.high;  // false for NaN
  }
  if (good) return {};
  return Error::Invalid(std::string(name), fmt::format("{} is {}, must be {}", name, Show(value),
                                                       Describe(kind, range)));
}

int64_t IntegerOf(const json& value) {
  if (value.is_number_float()) return static_cast<int64_t>(value.get<double>());
  return value.get<int64_t>();
}

}  // namespace motley
