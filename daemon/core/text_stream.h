#pragma once
// Tokens of one generation to text as it may be shown: valid UTF-8, ended before a stop string, and
// nothing shown that could still turn out to be the start of one. One thread.

#include <string>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace motley {

class TextStream {
 public:
  TextStream(const Tokenizer& tokenizer, std::vector<std::string> stops)
      : tokenizer_(tokenizer), stops_(std::move(stops)) {}

  // The text that may be shown now. After a stop string: everything before it, and stopped() is
  // true.
  std::string Push(int32_t token);
  // What was held back, when the generation ends for another reason.
  std::string Finish();
  bool stopped() const { return stopped_; }

 private:
  std::string Release(bool at_end);

  const Tokenizer& tokenizer_;
  const std::vector<std::string> stops_;
  Utf8Stream utf8_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace motley
