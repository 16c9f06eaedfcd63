#pragma once
// The machinery of the validator: one Rule per field of a request, applied to a JSON object. A
// table of rules is the whole truth about what a door accepts. Errors are InvalidArgument with the
// field and its range. Any thread.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley {

enum class Kind { kBoolean, kInteger, kNumber, kString, kArray, kObject, kAny };

// Bounds are long double because it holds every 64-bit integer exactly.
struct Range {
  long double low = 0, high = 0;
};

// One field. null always counts as absent. `set` sees a value of the right kind within `range`
// (numbers) and may refuse it; without `set` the field is known and has no effect, which `ignored`
// then says.
template <class Out>
struct Rule {
  const char* name;
  Kind kind;
  Range range;
  Status (*set)(const nlohmann::json& value, Out& out);
};

// "a number from 0 to 2"; "a string".
std::string Describe(Kind kind, Range range);

// The type and, for numbers, the range. Integers may be written 5.0; booleans are not numbers.
Status CheckKind(std::string_view name, const nlohmann::json& value, Kind kind, Range range);

// An integer that CheckKind has passed.
int64_t IntegerOf(const nlohmann::json& value);

// Applies every rule to its field; names of fields that no rule knows go to `unknown`, of those
// without effect to `without_effect`. `body` is an object.
template <class Out>
Status ApplyRules(const nlohmann::json& body, std::span<const Rule<Out>> rules, Out& out,
                  std::vector<std::string>& unknown, std::vector<std::string>& without_effect) {
  for (const auto& [name, value] : body.items()) {
    const Rule<Out>* found = nullptr;
    for (const Rule<Out>& rule : rules) {
      if (name == rule.name) found = &rule;
    }
    if (found == nullptr) {
      unknown.push_back(name);
    } else if (!value.is_null()) {
      TRY(CheckKind(name, value, found->kind, found->range));
      if (found->set != nullptr) {
        TRY(found->set(value, out));
      } else {
        without_effect.push_back(name);
      }
    }
  }
  return {};
}

}  // namespace motley
