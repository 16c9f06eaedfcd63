#include "engine/tokenizer/words/pretokenizer.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/tokenizer/words/word_rules.h"

namespace motley {
namespace {

constexpr auto kIsNumber = InClasses<kNumber>;
constexpr auto kIsLetter = InClasses<kLetter>;
constexpr auto kIsPunctuation = InClasses<kPunctuation>;
constexpr auto kDigitTriples = Group<IsAsciiDigit, 3, Short::kLeft>;

// [\p{P}$+<=>^~|]+
bool IsOperatorOrPunctuation(char32_t c, uint8_t char_classes) {
  return (char_classes & kPunctuation) || (c < 0x80 && (char_classes & kSymbol) && c != '`');
}
// The same and `
bool IsAsciiSymbolOrPunctuation(char32_t c, uint8_t char_classes) {
  return (char_classes & kPunctuation) || (c < 0x80 && (char_classes & kSymbol));
}

constexpr PieceRule kDefault[] = {Run<IsOperatorOrPunctuation>, Gpt2Word, Run<kIsNumber>,
                                  kDigitTriples};
constexpr PieceRule kFalcon[] = {Run<IsAsciiSymbolOrPunctuation>, Gpt2Word, kDigitTriples};
constexpr PieceRule kGpt2[] = {Gpt2Word};
constexpr PieceRule kSingleDigits[] = {Each<kIsNumber>, Gpt2Word};
constexpr PieceRule kLlama3[] = {Llama3Word};
constexpr PieceRule kQwen2[] = {Qwen2Word};
constexpr PieceRule kQwen35[] = {Qwen35Word};
constexpr PieceRule kGpt4o[] = {Gpt4oWord};
constexpr PieceRule kTekken[] = {TekkenWord};
constexpr PieceRule kDeepSeekLlm[] = {Each<IsLineBreak>,
                                      RunAfterSpace<IsDeepSeekLetter>,
                                      RunAfterSpace<IsDeepSeekPunctuation>,
                                      TrailingSpace,
                                      Run<IsDeepSeekCjk>,
                                      Run<kIsNumber>};
constexpr PieceRule kDeepSeekCoder[] = {Each<IsLineBreak>, RunAfterSpace<kIsLetter>,
                                        RunAfterSpace<kIsPunctuation>, Run<IsDeepSeekCjk>,
                                        Each<kIsNumber>};
constexpr PieceRule kDeepSeek3[] = {Group<kIsNumber, 3, Short::kTaken>, Run<IsDeepSeek3Cjk>,
                                    DeepSeek3Word};

enum Flags : uint8_t { kPlain = 0, kIgnoresMerges = 1, kAddsBos = 2 };

struct Entry {
  const char* name;
  std::span<const PieceRule> passes;
  uint8_t flags = kPlain;
};

const Entry kEntries[] = {
    {"default", kDefault},
    {"falcon", kFalcon},
    {"gpt-2", kGpt2},
    {"a.x-4.0", kGpt2},
    {"exaone4", kGpt2},
    {"gigachat", kGpt2},
    {"granite-docling", kGpt2},
    {"jais", kGpt2},
    {"jina-de", kGpt2},
    {"jina-es", kGpt2},
    {"jina-v1-en", kGpt2},
    {"jina-v2-code", kGpt2},
    {"jina-v2-de", kGpt2},
    {"jina-v2-es", kGpt2},
    {"mellum", kGpt2},
    {"modern-bert", kGpt2},
    {"mpt", kGpt2},
    {"olmo", kGpt2},
    {"phi-2", kGpt2},
    {"roberta-bpe", kGpt2},
    {"trillion", kGpt2},
    {"smollm", kSingleDigits},
    {"codeshell", kSingleDigits},
    {"command-r", kSingleDigits},
    {"exaone", kSingleDigits},
    {"mellum2", kSingleDigits},
    {"minerva-7b", kSingleDigits},
    {"refact", kSingleDigits},
    {"starcoder", kSingleDigits},
    {"llama-bpe", kLlama3, kIgnoresMerges | kAddsBos},
    {"llama3", kLlama3, kIgnoresMerges | kAddsBos},
    {"llama-v3", kLlama3, kIgnoresMerges | kAddsBos},
    {"falcon-h1", kLlama3, kIgnoresMerges | kAddsBos},
    {"falcon3", kLlama3, kIgnoresMerges | kAddsBos},
    {"jina-v5-nano", kLlama3, kIgnoresMerges | kAddsBos},
    {"lfm2", kLlama3, kIgnoresMerges | kAddsBos},
    {"midm-2.0", kLlama3, kIgnoresMerges | kAddsBos},
    {"pixtral", kLlama3, kIgnoresMerges | kAddsBos},
    {"chatglm-bpe", kLlama3},
    {"dbrx", kLlama3},
    {"smaug-bpe", kLlama3},
    {"glm4", kLlama3, kIgnoresMerges},
    {"glm5", kLlama3, kIgnoresMerges},
    {"qwen2", kQwen2},
    {"deepseek-r1-qwen", kQwen2},
    {"f2llmv2", kQwen2},
    {"grok-2", kQwen2},
    {"hunyuan", kQwen2},
    {"kormo", kQwen2},
    {"megrez", kQwen2},
    {"solar-open", kQwen2},
    {"stablelm2", kQwen2},
    {"qwen35", kQwen35},
    {"gpt-4o", kGpt4o},
    {"kanana2", kGpt4o},
    {"llama4", kGpt4o},
    {"minimax-m2", kGpt4o},
    {"talkie", kGpt4o},
    {"tekken", kTekken, kIgnoresMerges | kAddsBos},
    {"deepseek-llm", kDeepSeekLlm},
    {"deepseek-coder", kDeepSeekCoder},
    {"deepseek-v3", kDeepSeek3},
    {"hunyuan-dense", kDeepSeek3},
    {"hy_v4", kDeepSeek3},
    {"joyai-llm", kDeepSeek3},
};

// Cuts one piece; gaps between the rule's pieces are pieces too.
void CutPiece(PieceRule rule, const char32_t* text, Place place, std::vector<uint32_t>* ends) {
  const auto close = [&](const char32_t* end) {
    ends->push_back(static_cast<uint32_t>(end - text));
  };
  const char32_t* begin = place.at;
  while (place.at < place.end) {
    const Found found = rule(place);
    if (found.piece) {
      if (place.at > begin) close(place.at);
      begin = place.at + found.length;
      close(begin);
    }
    place.at += found.length;
  }
  if (place.at > begin) close(place.at);
}

}  // namespace

Result<Pretokenizer> Pretokenizer::Named(const std::string& name) {
  const std::string wanted = name.empty() ? "default" : name;
  const auto* entry = std::find_if(std::begin(kEntries), std::end(kEntries),
                                   [&](const Entry& e) { return wanted == e.name; });
  if (entry == std::end(kEntries)) {
    std::string known;
    for (const Entry& e : kEntries) known += (known.empty() ? "" : ", ") + std::string(e.name);
    Error error =
        Error::Unsupported("pre-tokenizer \"" + wanted + "\" is not known; known: " + known);
    error.field = "tokenizer.ggml.pre";
    return error;
  }
  Pretokenizer found;
  found.passes_ = entry->passes;
  found.ignores_merges_ = entry->flags & kIgnoresMerges;
  found.adds_bos_ = entry->flags & kAddsBos;
  return found;
}

void Pretokenizer::Split(std::span<const char32_t> text, std::vector<uint32_t>* ends) const {
  const uint8_t* classes = CharClasses();
  ends->assign(text.empty() ? 0 : 1, static_cast<uint32_t>(text.size()));
  std::vector<uint32_t> pieces;
  for (PieceRule rule : passes_) {
    pieces.swap(*ends);
    ends->clear();
    ends->reserve(pieces.size());
    const char32_t* begin = text.data();
    for (uint32_t end : pieces) {
      CutPiece(rule, text.data(), {begin, text.data() + end, classes}, ends);
      begin = text.data() + end;
    }
  }
}

}  // namespace motley
