#include "daemon/core/text_stream.h"

#include <algorithm>

namespace motley {
namespace {

// Bytes at the end of `text` that are the beginning of `stop`.
size_t OpenPrefix(const std::string& text, const std::string& stop) {
  for (size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.compare(text.size() - n, n, stop, 0, n) == 0) return n;
  }
  return 0;
}

}  // namespace

std::string TextStream::Push(int32_t token) {
  if (stopped_) return {};
  held_ += utf8_.Push(tokenizer_.Piece(token, Specials::kText));
  return Release(false);
}

std::string TextStream::Finish() {
  if (stopped_) return {};
  held_ += utf8_.Finish();
  return Release(true);
}

std::string TextStream::Release(bool at_end) {
  size_t cut = std::string::npos, keep = 0;
  for (const std::string& stop : stops_) {
    if (stop.empty()) continue;
    cut = std::min(cut, held_.find(stop));
    keep = std::max(keep, OpenPrefix(held_, stop));
  }
  if (cut != std::string::npos) {
    stopped_ = true;
    return held_.substr(0, cut);
  }
  if (at_end) keep = 0;
  std::string out = held_.substr(0, held_.size() - keep);
  held_.erase(0, out.size());
  return out;
}

}  // namespace motley
