#include <algorithm>
#include <bitset>
#include <random>
#include <utility>

#include "engine/template/marks.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

constexpr char32_t kFirst = 0xE000, kCount = 0xF900 - 0xE000;

// What Python's str.strip() takes away.
constexpr std::string_view kWhite[] = {
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\x1c",   "\x1d",
    "\x1e",   "\x1f",   "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002",
    "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
    "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
};

std::string_view Strip(std::string_view text) {
  const auto any = [](auto matches) {
    return std::find_if(std::begin(kWhite), std::end(kWhite), matches);
  };
  while (true) {
    const auto* white = any([&](std::string_view w) { return text.starts_with(w); });
    if (white == std::end(kWhite)) break;
    text.remove_prefix(white->size());
  }
  while (true) {
    const auto* white = any([&](std::string_view w) { return text.ends_with(w); });
    if (white == std::end(kWhite)) break;
    text.remove_suffix(white->size());
  }
  return text;
}

struct Find {
  size_t offset = 0, bytes = 0;
};

// The special texts of `text`, left to right, the longest at each place; and an empty one where a
// part of one begins or ends the text.
std::vector<Find> FindSpecials(std::string_view text, const SpecialTexts& specials) {
  std::vector<Find> found;
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = specials.MatchAt(text, i);
    if (bytes > 0) found.push_back({i, bytes});
    i += std::max<size_t>(bytes, 1);
  }
  const std::string_view core = Strip(text);
  const auto cut = [&](size_t offset) {
    const auto after = std::find_if(found.begin(), found.end(), [&](const Find& find) {
      return find.offset + find.bytes > offset;
    });
    if (after == found.end() || after->offset >= offset) found.insert(after, {offset, 0});
  };
  if (specials.EndsWithABeginning(core)) cut(static_cast<size_t>(core.end() - text.begin()));
  if (specials.BeginsWithAnEnd(core)) cut(static_cast<size_t>(core.begin() - text.begin()));
  return found;
}

// Where a value stands; tells the strings that the server wrote from those of users.
enum class Place { kVariables, kMessages, kMessage, kDeeper };

bool IsOurs(Place place, std::string_view key) {
  return (place == Place::kVariables && key.ends_with("_token")) ||
         (place == Place::kMessage && key == "role");
}

Place Below(Place place, std::string_view key) {
  if (place == Place::kVariables && key == "messages") return Place::kMessages;
  if (place == Place::kMessages) return Place::kMessage;
  return Place::kDeeper;
}

// Calls visit(text) for every string and key of a user until it returns true; whether it did.
template <class Visit>
bool AnyString(const Json& value, Place place, const Visit& visit) {
  if (value.is_string()) return visit(value.get_ref<const std::string&>());
  if (value.is_array()) {
    return std::any_of(value.begin(), value.end(),
                       [&](const Json& item) { return AnyString(item, Below(place, ""), visit); });
  }
  if (!value.is_object()) return false;
  for (const auto& [key, item] : value.get_ref<const Json::object_t&>()) {
    if (visit(key)) return true;
    if (!IsOurs(place, key) && AnyString(item, Below(place, key), visit)) return true;
  }
  return false;
}

template <class Change>
Json MapStrings(const Json& value, Place place, const Change& change) {
  if (value.is_string()) return change(value.get_ref<const std::string&>());
  if (value.is_array()) {
    Json result = Json::array();
    for (const Json& item : value) result.push_back(MapStrings(item, Below(place, ""), change));
    return result;
  }
  if (!value.is_object()) return value;
  Json::object_t result;
  for (const auto& [key, item] : value.get_ref<const Json::object_t&>()) {
    result.emplace_back(change(key),
                        IsOurs(place, key) ? item : MapStrings(item, Below(place, key), change));
  }
  return result;
}

std::string Utf8(char32_t c) {
  return {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
          static_cast<char>(0x80 | (c & 0x3F))};
}

using Used = std::bitset<kCount>;

void NotePrivate(std::string_view text, Used& used) {
  const auto note = [&](char32_t c) {
    if (c >= kFirst && c < kFirst + kCount) used.set(c - kFirst);
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[i + k]); };
    if (byte(0) >= 0xEE && byte(0) <= 0xEF && i + 2 < text.size()) {
      note((byte(0) & 0xFu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu));
    } else if (const auto escaped = EscapedCharacter(text, i)) {
      note(*escaped);
    }
  }
}

}  // namespace

std::optional<char32_t> EscapedCharacter(std::string_view text, size_t offset) {
  if (text[offset] != '\\' || !text.substr(offset + 1).starts_with('u')) return {};
  const std::string_view digits = text.substr(offset + 2, 4);
  if (digits.size() < 4) return {};
  char32_t value = 0;
  for (const char digit : digits) {
    const bool decimal = digit >= '0' && digit <= '9';
    if (!decimal && (digit < 'a' || digit > 'f')) return {};
    value = value << 4 | static_cast<char32_t>(decimal ? digit - '0' : digit - 'a' + 10);
  }
  return value;
}

Result<MarkPair> ChooseMarks(const Json& variables) {
  Used used;
  AnyString(variables, Place::kVariables, [&](const std::string& text) {
    NotePrivate(text, used);
    return false;
  });
  // Any two do; that nobody can tell which keeps them from being composed on purpose.
  char32_t next = std::random_device()() % kCount;
  std::vector<char32_t> free;
  for (char32_t i = 0; i < kCount && free.size() < 2; ++i, next = (next + 1) % kCount) {
    if (!used.test(next)) free.push_back(kFirst + next);
  }
  if (free.size() < 2) {
    return Error::Invalid("messages", "every private-use character (U+E000 to U+F8FF) is in use");
  }
  return MarkPair{free[0], free[1]};
}

bool NeedsMarks(const Json& variables, const SpecialTexts& specials) {
  return AnyString(variables, Place::kVariables,
                   [&](const std::string& text) { return !FindSpecials(text, specials).empty(); });
}

Json PutMarks(const Json& variables, const SpecialTexts& specials, MarkPair marks) {
  const std::string open = Utf8(marks.open), close = Utf8(marks.close);
  return MapStrings(variables, Place::kVariables, [&](const std::string& text) {
    std::string marked;
    size_t done = 0;
    for (const auto& [offset, bytes] : FindSpecials(text, specials)) {
      marked.append(text, done, offset - done)
          .append(open)
          .append(text, offset, bytes)
          .append(close);
      done = offset + bytes;
    }
    return marked.append(text, done);
  });
}

}  // namespace motley
