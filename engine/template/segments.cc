#include <algorithm>
#include <utility>

#include "engine/template/chat.h"
#include "engine/template/marks.h"
#include "engine/template/ordered_json.h"

namespace motley {
namespace {

enum class Mark { kOpen, kClose };

// A rendered text without its marks, and where they stood.
struct Unmarked {
  std::string text;
  std::vector<size_t> offsets;  // of every mark, ascending
  std::vector<std::pair<size_t, size_t>>
      users;  // [begin, end) between open and close: a special text of a user
};

class Unmarker {
 public:
  Unmarker(const SpecialTexts& specials, MarkPair marks) : specials_(specials), marks_(marks) {}

  Unmarked Run(std::string_view rendered) {
    result_.text.reserve(rendered.size());
    for (size_t i = 0; i < rendered.size();) {
      const auto [character, bytes] = CharacterAt(rendered, i);
      if (character == marks_.open) {
        Note(Mark::kOpen);
      } else if (character == marks_.close) {
        Note(Mark::kClose);
      } else {
        result_.text += rendered[i++];
        continue;
      }
      i += bytes;
    }
    return std::move(result_);
  }

 private:
  // The private-use character at `i` and its bytes, or 0.
  static std::pair<char32_t, size_t> CharacterAt(std::string_view text, size_t i) {
    const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[i + k]); };
    if (byte(0) >= 0xEE && i + 2 < text.size()) {
      return {(byte(0) & 0xFu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu), 3};
    }
    return {EscapedCharacter(text, i).value_or(0), 6};
  }

  void Note(Mark mark) {
    const size_t here = result_.text.size();
    if (mark == Mark::kOpen) {
      open_ = here;
    } else if (open_ && here > *open_ && specials_.MatchAt(result_.text, *open_) == here - *open_) {
      result_.users.emplace_back(*open_, here);
    }
    if (mark == Mark::kClose) open_.reset();
    result_.offsets.push_back(here);
  }

  const SpecialTexts& specials_;
  const MarkPair marks_;
  Unmarked result_;
  std::optional<size_t> open_;
};

// A special text at [begin, end) that a user wrote, in whole or in part.
bool IsUsers(const Unmarked& unmarked, size_t begin, size_t end) {
  const auto inside = std::upper_bound(unmarked.offsets.begin(), unmarked.offsets.end(), begin);
  if (inside != unmarked.offsets.end() && *inside < end) return true;
  auto user =
      std::upper_bound(unmarked.users.begin(), unmarked.users.end(), std::pair(begin, SIZE_MAX));
  return user != unmarked.users.begin() && std::prev(user)->second >= end;
}

bool HasMark(const Unmarked& unmarked, size_t begin, size_t end) {
  const auto mark = std::lower_bound(unmarked.offsets.begin(), unmarked.offsets.end(), begin);
  return mark != unmarked.offsets.end() && *mark <= end;
}

void Append(std::vector<Segment>& segments, std::string_view text, Specials specials) {
  if (text.empty()) return;
  if (segments.empty() || segments.back().specials != specials) segments.push_back({"", specials});
  segments.back().text += text;
}

}  // namespace

std::vector<Segment> TakeMarks(std::string_view rendered, const SpecialTexts& specials,
                               MarkPair marks) {
  const Unmarked unmarked = Unmarker(specials, marks).Run(rendered);
  const std::string_view text = unmarked.text;
  std::vector<Segment> segments;
  size_t done = 0;
  const auto plain_until = [&](size_t end) {
    Append(segments, text.substr(done, end - done),
           HasMark(unmarked, done, end) ? Specials::kText : Specials::kParse);
  };
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = specials.MatchAt(text, i);
    if (bytes == 0 || IsUsers(unmarked, i, i + bytes)) {
      ++i;
      continue;
    }
    plain_until(i);
    Append(segments, text.substr(i, bytes), Specials::kParse);
    i += bytes;
    done = i;
  }
  plain_until(text.size());
  return segments;
}

Result<std::vector<Segment>> RenderChatSegments(TemplateRenderer& renderer,
                                                const nlohmann::ordered_json& variables,
                                                const SpecialTexts& specials) {
  TRY(CheckDepth(variables));
  if (!NeedsMarks(variables, specials)) {
    std::vector<Segment> whole(1);
    whole[0].text = TRY(renderer.Render(variables));
    return whole;
  }
  const MarkPair marks = TRY(ChooseMarks(variables));
  return TakeMarks(TRY(renderer.Render(PutMarks(variables, specials, marks))), specials, marks);
}

}  // namespace motley
