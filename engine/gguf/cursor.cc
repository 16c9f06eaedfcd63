#include "engine/gguf/cursor.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"

namespace motley {
namespace {

constexpr uint64_t kBufferBytes = 64 * 1024;
constexpr size_t kInlineString = 15;  // libstdc++ keeps this many characters inside a std::string

Error Truncated(Field field, uint64_t needed, uint64_t at, uint64_t file_bytes) {
  return Error::Invalid(field.Text(), "needs " + std::to_string(needed) + " bytes at byte " +
                                          std::to_string(at) + ", the file ends at byte " +
                                          std::to_string(file_bytes))
      .At(at);
}

}  // namespace

std::string Field::Text() const {
  std::string text(name);
  if (index >= 0) text += "[" + std::to_string(index) + "]";
  return text;
}

Cursor::Cursor(const Fd& fd, uint64_t file_bytes, uint64_t memory_bytes)
    : fd_(fd), file_bytes_(file_bytes), memory_limit_(memory_bytes), memory_left_(memory_bytes) {}

Status Cursor::Fill(Field field) {
  buffer_.resize(std::min(kBufferBytes, remaining()));
  buffer_begin_ = position_;
  if (auto read = ReadAt(fd_, position_, buffer_); !read.ok()) {
    Error error = read.ReleaseError();
    error.field = field.Text();
    buffer_.clear();
    return std::move(error).At(position_);
  }
  return {};
}

Status Cursor::ReadBytes(Field field, MutableBytes out) {
  if (out.size() > remaining()) return Truncated(field, out.size(), position_, file_bytes_);
  while (!out.empty()) {
    if (position_ >= buffer_begin_ + buffer_.size()) TRY(Fill(field));
    const size_t skip = position_ - buffer_begin_;
    const size_t n = std::min(out.size(), buffer_.size() - skip);
    std::memcpy(out.data(), buffer_.data() + skip, n);
    out = out.subspan(n);
    position_ += n;
  }
  return {};
}

Result<std::string> Cursor::ReadString(Field field, uint64_t limit_bytes) {
  const uint64_t at = position_;
  const uint64_t size = TRY(Read<uint64_t>(field));
  if (size > limit_bytes) {
    return Error::Invalid(field.Text(), "a string of " + std::to_string(size) +
                                            " bytes, the limit is " + std::to_string(limit_bytes))
        .At(at);
  }
  if (size > remaining()) return Truncated(field, size, position_, file_bytes_);
  if (size > kInlineString) TRY(Charge(field, 1, size + 32, at));
  std::string text(size, '\0');
  TRY(ReadBytes(field, std::as_writable_bytes(std::span(text))));
  return text;
}

Status Cursor::CheckCount(Field field, uint64_t count, uint64_t min_bytes_each, uint64_t at) const {
  if (count <= remaining() / min_bytes_each) return {};
  return Error::Invalid(field.Text(), "a count of " + std::to_string(count) +
                                          ", the rest of the file has room for at most " +
                                          std::to_string(remaining() / min_bytes_each))
      .At(at);
}

Status Cursor::Charge(Field field, uint64_t count, uint64_t bytes_each, uint64_t at) {
  const auto cost = CheckedMul(count, bytes_each);
  if (!cost || *cost > memory_left_) {
    return Error::Invalid(field.Text(), "metadata that needs more than " +
                                            FormatBytes(memory_limit_) + " of memory (here " +
                                            std::to_string(count) + " x " +
                                            FormatBytes(bytes_each) + ")")
        .At(at);
  }
  memory_left_ -= *cost;
  return {};
}

}  // namespace motley
