#include "engine/tokenizer/merging/hash_tables.h"

#include <bit>
#include <cstring>

namespace motley {
namespace {

uint64_t Mix(uint64_t a, uint64_t b) {
  const auto product =
      static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD6E8FEB86659FD93u);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t LoadTail(const char* data, size_t bytes) {
  uint64_t word = 0;
  std::memcpy(&word, data, bytes);
  return word;
}

uint64_t Hash(std::string_view text) {
  uint64_t hash = text.size();
  const char* data = text.data();
  size_t left = text.size();
  for (; left > 8; left -= 8, data += 8) hash = Mix(hash, LoadTail(data, 8));
  return Mix(hash, LoadTail(data, left));
}

// At most half full, so that probes stay short.
size_t SlotsFor(size_t count) { return std::bit_ceil(std::max<size_t>(16, count * 2)); }

}  // namespace

TextTable::TextTable(size_t count) : slots_(SlotsFor(count)) {}

size_t TextTable::SlotOf(std::string_view text, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return at;
    if (slot.hash == static_cast<uint32_t>(hash >> 32) && slot.length == text.size() &&
        std::memcmp(slot.text, text.data(), text.size()) == 0) {
      return at;
    }
  }
}

TextTable::Slot* TextTable::Claim(std::string_view text) {
  if ((used_ + 1) * 2 > slots_.size()) {
    TextTable larger(slots_.size());
    for (const Slot& slot : slots_) {
      if (slot.id >= 0) larger.Insert({slot.text, slot.length}, slot.id);
    }
    *this = std::move(larger);
  }
  const uint64_t hash = Hash(text);
  Slot& slot = slots_[SlotOf(text, hash)];
  if (slot.id < 0) {
    slot = {text.data(), static_cast<uint32_t>(text.size()), static_cast<uint32_t>(hash >> 32), -1};
    ++used_;
  }
  return &slot;
}

bool TextTable::Insert(std::string_view text, int32_t id) {
  Slot* slot = Claim(text);
  if (slot->id >= 0) return false;
  slot->id = id;
  return true;
}

void TextTable::Assign(std::string_view text, int32_t id) { Claim(text)->id = id; }

int32_t TextTable::Find(std::string_view text) const { return slots_[SlotOf(text, Hash(text))].id; }

PairTable::PairTable(size_t count) : slots_(SlotsFor(count), Slot{kFree, {}}) {}

uint64_t PairTable::Key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

size_t PairTable::SlotOf(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  size_t at = Mix(key, 0) & mask;
  while (slots_[at].key != key && slots_[at].key != kFree) at = (at + 1) & mask;
  return at;
}

void PairTable::Grow() {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(old.size() * 2, Slot{kFree, {}});
  for (const Slot& slot : old) {
    if (slot.key != kFree) slots_[SlotOf(slot.key)] = slot;
  }
}

void PairTable::Insert(int32_t left, int32_t right, Value value) {
  if ((used_ + 1) * 2 > slots_.size()) Grow();
  Slot& slot = slots_[SlotOf(Key(left, right))];
  if (slot.key != kFree) return;
  slot = {Key(left, right), value};
  ++used_;
}

const PairTable::Value* PairTable::Find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[SlotOf(Key(left, right))];
  return slot.key == kFree ? nullptr : &slot.value;
}

}  // namespace motley
