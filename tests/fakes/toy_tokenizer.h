#pragma once
// A tokenizer without a model: ids 0-255 are bytes, then four specials. ChatML's words, so that
// tests can check who may make a special token.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace motley {

class ToyTokenizer : public Tokenizer {
 public:
  static constexpr int32_t kBos = 256, kStart = 257, kEnd = 258, kEos = 259, kSize = 260;

  std::vector<int32_t> Encode(std::string_view text, Specials specials, Bos bos) const override {
    std::vector<int32_t> ids;
    if (bos == Bos::kAsModel) ids.push_back(kBos);
    while (!text.empty()) {
      const int32_t special = specials == Specials::kParse ? SpecialAt(text) : -1;
      ids.push_back(special >= 0 ? special : static_cast<unsigned char>(text[0]));
      text.remove_prefix(special >= 0 ? Name(special).size() : 1);
    }
    return ids;
  }
  std::string Piece(int32_t token, Specials specials) const override {
    if (token < 0 || token >= kSize) return "";
    if (token < kBos) return std::string(1, static_cast<char>(token));
    return specials == Specials::kParse ? std::string(Name(token)) : "";
  }
  std::string Decode(const std::vector<int32_t>& tokens, Specials specials) const override {
    std::string text;
    for (const int32_t token : tokens) text += Piece(token, specials);
    return text;
  }
  int size() const override { return kSize; }
  int32_t bos() const override { return kBos; }
  int32_t eos() const override { return kEos; }
  const std::vector<int32_t>& end_tokens() const override { return ends_; }
  bool IsSpecial(int32_t token) const override { return token >= kBos && token < kSize; }
  bool adds_bos() const override { return true; }

 private:
  static std::string_view Name(int32_t special) {
    static constexpr std::array<std::string_view, 4> kNames = {"<s>", "<|im_start|>", "<|im_end|>",
                                                               "</s>"};
    return kNames[static_cast<size_t>(special - kBos)];
  }
  static int32_t SpecialAt(std::string_view text) {
    for (int32_t id = kBos; id < kSize; ++id) {
      if (text.starts_with(Name(id))) return id;
    }
    return -1;
  }
  const std::vector<int32_t> ends_ = {kEnd, kEos};
};

}  // namespace motley
