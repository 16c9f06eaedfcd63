#include "engine/template/special_texts.h"

#include <algorithm>

namespace motley {

SpecialTexts::Tree::Tree() : nodes_(1) {}

uint32_t SpecialTexts::Tree::Child(uint32_t node, char byte) const {
  if (node == 0) return first_[static_cast<unsigned char>(byte)];
  for (const auto& [label, child] : nodes_[node].children) {
    if (label == byte) return child;
  }
  return 0;
}

void SpecialTexts::Tree::Add(std::string_view text) {
  uint32_t node = 0;
  for (const char byte : text) {
    uint32_t next = Child(node, byte);
    if (next == 0) {
      next = static_cast<uint32_t>(nodes_.size());
      nodes_.emplace_back();
      nodes_[node].children.emplace_back(byte, next);
      if (node == 0) first_[static_cast<unsigned char>(byte)] = next;
    }
    node = next;
  }
  nodes_[node].ends = true;
}

size_t SpecialTexts::Tree::Longest(std::string_view text, size_t offset) const {
  size_t longest = 0;
  uint32_t node = 0;
  for (size_t i = offset; i < text.size(); ++i) {
    node = Child(node, text[i]);
    if (node == 0) break;
    if (nodes_[node].ends) longest = i + 1 - offset;
  }
  return longest;
}

bool SpecialTexts::Tree::HoldsBeginning(std::string_view text) const {
  uint32_t node = 0;
  for (const char byte : text) {
    node = Child(node, byte);
    if (node == 0) return false;
  }
  return !nodes_[node].children.empty();
}

SpecialTexts::SpecialTexts(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    longest_ = std::max(longest_, text.size());
    forward_.Add(text);
    backward_.Add(std::string(text.rbegin(), text.rend()));
  }
}

bool SpecialTexts::EndsWithABeginning(std::string_view text) const {
  for (size_t bytes = 1; bytes < longest_ && bytes <= text.size(); ++bytes) {
    if (forward_.HoldsBeginning(text.substr(text.size() - bytes))) return true;
  }
  return false;
}

bool SpecialTexts::BeginsWithAnEnd(std::string_view text) const {
  std::string reversed;
  for (size_t bytes = 1; bytes < longest_ && bytes <= text.size(); ++bytes) {
    reversed.assign(std::make_reverse_iterator(text.begin() + bytes), text.rend());
    if (backward_.HoldsBeginning(reversed)) return true;
  }
  return false;
}

}  // namespace motley
