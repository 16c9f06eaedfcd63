#pragma once
// Two open-addressing tables for a vocabulary: text to id, and a pair of 32-bit numbers to a value.
// Filled once, then read by any thread. Keys are not copied: whoever fills a TextTable keeps the
// texts alive and in place.

#include <cstdint>
#include <string_view>
#include <vector>

namespace motley {

class TextTable {
 public:
  // Room for `count` texts; more still fit, the table grows.
  explicit TextTable(size_t count = 0);

  // Keeps the first id of a text; true when the text is new.
  bool Insert(std::string_view text, int32_t id);
  // As Insert, but a later id replaces an earlier one.
  void Assign(std::string_view text, int32_t id);
  int32_t Find(std::string_view text) const;  // -1: unknown
  size_t size() const { return used_; }

 private:
  struct Slot {
    const char* text = nullptr;
    uint32_t length = 0;
    uint32_t hash = 0;
    int32_t id = -1;
  };
  // The slot that holds `text`, or the free one where it belongs.
  size_t SlotOf(std::string_view text, uint64_t hash) const;
  Slot* Claim(std::string_view text);

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

// Value of an ordered pair of non-negative numbers.
class PairTable {
 public:
  struct Value {
    uint32_t rank;
    int32_t merged;
  };
  explicit PairTable(size_t count = 0);

  void Insert(int32_t left, int32_t right, Value value);  // keeps the first value of a pair
  const Value* Find(int32_t left, int32_t right) const;   // nullptr: unknown

 private:
  struct Slot {
    uint64_t key;
    Value value;
  };
  static constexpr uint64_t kFree = ~uint64_t{0};
  static uint64_t Key(int32_t left, int32_t right);
  size_t SlotOf(uint64_t key) const;
  void Grow();

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

}  // namespace motley
