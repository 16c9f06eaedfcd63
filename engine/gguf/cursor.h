#pragma once
// A place in a file that moves forward: reads through one 64 KiB buffer with pread, refuses to pass
// the end, and counts the memory that what was read costs. Private to engine/gguf; one thread; the
// file descriptor is the caller's. Every error is InvalidArgument with the field and the offset
// where reading it began.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/os.h"
#include "base/result.h"

namespace motley {

// What is being read, spelled out only when it goes wrong: "tokenizer.ggml.tokens[17]".
struct Field {
  std::string_view name;
  int64_t index = -1;
  std::string Text() const;
};

class Cursor {
 public:
  Cursor(const Fd& fd, uint64_t file_bytes, uint64_t memory_bytes);

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return file_bytes_ - position_; }

  template <class T>
  Result<T> Read(Field field) {
    T value;
    TRY(ReadBytes(field, std::as_writable_bytes(std::span(&value, 1))));
    return value;
  }
  Status ReadBytes(Field field, MutableBytes out);
  // A 64-bit length, at most `limit_bytes`, and that many bytes.
  Result<std::string> ReadString(Field field, uint64_t limit_bytes);

  // Refuses a count of elements that the rest of the file cannot hold. Before anything is allocated
  // for them.
  Status CheckCount(Field field, uint64_t count, uint64_t min_bytes_each, uint64_t at) const;
  // Takes count * bytes_each from what this file's metadata may cost in memory.
  Status Charge(Field field, uint64_t count, uint64_t bytes_each, uint64_t at);

 private:
  Status Fill(Field field);

  const Fd& fd_;
  const uint64_t file_bytes_;
  const uint64_t memory_limit_;
  uint64_t memory_left_;
  uint64_t position_ = 0;
  uint64_t buffer_begin_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace motley
