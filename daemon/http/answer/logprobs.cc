#include "daemon/http/answer/logprobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/validate/utf8.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no infinities; a token with no probability at all is as good as this.
constexpr float kNever = -9999.0f;

Json Number(float logprob) { return std::isfinite(logprob) ? logprob : kNever; }

Json BytesJson(const std::string& bytes) {
  Json array = Json::array();
  for (const char c : bytes) array.push_back(static_cast<unsigned char>(c));
  return array;
}

// Parts of characters would all be called U+FFFD, and share one key of top_logprobs.
std::string Escaped(const std::string& bytes) {
  std::string name = "bytes:";
  for (const char c : bytes) name += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return name;
}

Json Entry(const TokenNames& names, int32_t token, float logprob) {
  return {{"token", names.Name(token)},
          {"logprob", Number(logprob)},
          {"bytes", BytesJson(names.Bytes(token))}};
}

size_t Shown(const TokenLogprob& token, int alternatives) {
  return std::min(token.top.size(), static_cast<size_t>(std::max(0, alternatives)));
}

}  // namespace

std::string TokenNames::Bytes(int32_t token, Specials specials) const {
  return tokenizer_.Piece(token, specials);
}

std::string TokenNames::Name(int32_t token) const {
  if (as_ids_) return "token_id:" + std::to_string(token);
  std::string bytes = Bytes(token);
  return InvalidUtf8At(bytes) == bytes.npos ? bytes : Escaped(bytes);
}

Json ChatLogprobs(const TokenNames& names, std::span<const TokenLogprob> tokens, int alternatives) {
  Json content = Json::array();
  for (const TokenLogprob& token : tokens) {
    Json entry = Entry(names, token.token, token.logprob);
    Json top = Json::array();
    for (size_t i = 0; i < Shown(token, alternatives); ++i) {
      top.push_back(Entry(names, token.top[i].first, token.top[i].second));
    }
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

CompletionLogprobs::CompletionLogprobs(const TokenNames& names, int alternatives, size_t offset)
    : names_(names), alternatives_(alternatives), offset_(offset) {
  for (const char* key : {"tokens", "token_logprobs", "top_logprobs", "text_offset"}) {
    json_[key] = Json::array();
  }
}

void CompletionLogprobs::AddName(int32_t token, Specials specials) {
  json_["tokens"].push_back(names_.Name(token));
  json_["text_offset"].push_back(offset_);
  offset_ += CountCharacters(names_.Bytes(token, specials));
}

void CompletionLogprobs::AddUnscored(int32_t token, Specials specials) {
  AddName(token, specials);
  json_["token_logprobs"].push_back(nullptr);
  json_["top_logprobs"].push_back(nullptr);
}

void CompletionLogprobs::Add(const TokenLogprob& token, Specials specials) {
  AddName(token.token, specials);
  json_["token_logprobs"].push_back(Number(token.logprob));
  // A plain insert: two ids of the same text share a key, and the likelier one comes first.
  Json top = Json::object();
  for (size_t i = 0; i < Shown(token, alternatives_); ++i) {
    top.emplace(names_.Name(token.top[i].first), Number(token.top[i].second));
  }
  top.emplace(names_.Name(token.token), Number(token.logprob));
  json_["top_logprobs"].push_back(std::move(top));
}

}  // namespace motley
