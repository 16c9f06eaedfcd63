#include "daemon/validate/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "daemon/validate/utf8.h"

namespace motley {
namespace {

using nlohmann::json;

// "byte 17 (line 2, column 3)"
std::string Place(std::string_view body, size_t at) {
  const std::string_view before = body.substr(0, std::min(at, body.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("byte {} (line {}, column {})", at, line, before.size() - line_start + 1);
}

Error BrokenAt(std::string_view body, size_t at, std::string_view what) {
  return Error::Invalid("", fmt::format("{} at {}", what, Place(body, at))).At(at);
}

// Where nesting first exceeds the limit, outside strings; npos if it does not.
size_t TooDeepAt(std::string_view body) {
  int depth = 0;
  bool in_string = false;
  for (size_t at = 0; at < body.size(); ++at) {
    const char c = body[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxBodyDepth) return at;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Result<json> ParseBody(std::string_view body) {
  if (const size_t at = InvalidUtf8At(body); at != body.npos) {
    return BrokenAt(body, at, "the body is not valid UTF-8: bad byte");
  }
  if (const size_t at = TooDeepAt(body); at != body.npos) {
    return BrokenAt(body, at, fmt::format("the body is nested more than {} deep", kMaxBodyDepth));
  }
  try {
    return json::parse(body);
  } catch (const json::parse_error& e) {
    // The library counts from 1 and its text quotes the body: neither is wanted here.
    return BrokenAt(body, e.byte > 0 ? e.byte - 1 : 0, "the body is not valid JSON: error");
  } catch (const json::out_of_range&) {
    return Error::Invalid("", "the body holds a number that is too large to represent");
  }
}

Result<json> ParseBodyObject(std::string_view body) {
  if (body.empty()) return Error::Invalid("", "the body is empty, must be a JSON object");
  json value = TRY(ParseBody(body));
  if (!value.is_object()) {
    return Error::Invalid(
        "", fmt::format("the body is a JSON {}, must be an object", value.type_name()));
  }
  return value;
}

}  // namespace motley
