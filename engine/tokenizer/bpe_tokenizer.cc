#include "engine/tokenizer/bpe_tokenizer.h"

#include <optional>

#include "engine/tokenizer/words/byte_alphabet.h"
#include "engine/tokenizer/words/unicode.h"

namespace motley {
namespace {

constexpr char kMerges[] = "tokenizer.ggml.merges";
constexpr int32_t kNoToken = -1;
constexpr int32_t kForbidden = -2;  // the text of a special token, which no user's text may become

// GPT-2 files once had no ids; 11 was Falcon's.
constexpr VocabularyDefaults kDefaults = {.bos = 11, .eos = 11, .unknown = -1, .add_bos = false};

}  // namespace

Result<std::unique_ptr<Tokenizer>> BpeTokenizer::Load(const Manifest& manifest) {
  const auto name = manifest.String("tokenizer.ggml.pre");
  Pretokenizer pretokenizer = TRY(Pretokenizer::Named(name.ok() ? *name : ""));
  const std::vector<std::string>* merges = manifest.Strings(kMerges);
  if (merges == nullptr)
    return Error::Invalid(kMerges, "no merges in the file; model \"gpt2\" needs them");
  VocabularyDefaults defaults = kDefaults;
  defaults.add_bos = pretokenizer.adds_bos();
  Vocabulary vocabulary = TRY(LoadVocabulary(manifest, defaults));
  return std::unique_ptr<Tokenizer>(new BpeTokenizer(std::move(vocabulary), pretokenizer, *merges));
}

BpeTokenizer::BpeTokenizer(Vocabulary vocabulary, Pretokenizer pretokenizer,
                           const std::vector<std::string>& merges)
    : BasicTokenizer(std::move(vocabulary), FirstSpace::kNone),
      pretokenizer_(pretokenizer),
      by_bytes_(BasicTokenizer::vocabulary().texts.size() + 256),
      merges_(merges.size()) {
  for (int byte = 0; byte < 256; ++byte) Symbol(std::string(1, static_cast<char>(byte)));
  AddTokens();
  AddMerges(merges);
  MakePieces(BytesOfAlphabetOrText);
}

int32_t BpeTokenizer::Symbol(const std::string& bytes) {
  const int32_t known = by_bytes_.Find(bytes);
  if (known >= 0) return known;
  const auto symbol = static_cast<int32_t>(symbols_.size());
  symbols_.push_back(bytes);
  token_of_symbol_.push_back(kNoToken);
  by_bytes_.Insert(symbols_.back(), symbol);
  return symbol;
}

void BpeTokenizer::AddTokens() {
  for (int32_t i = 0; i < vocabulary().size(); ++i) {
    const std::optional<std::string> bytes = BytesOfAlphabet(vocabulary().texts[i]);
    if (bytes) token_of_symbol_[Symbol(*bytes)] = vocabulary().IsMergeable(i) ? i : kForbidden;
  }
}

void BpeTokenizer::AddMerges(const std::vector<std::string>& merges) {
  for (size_t rank = 0; rank < merges.size() && rank < kNeverMerged; ++rank) {
    const std::string& merge = merges[rank];
    const size_t space = merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size()) continue;
    const std::optional<std::string> left =
        BytesOfAlphabet(std::string_view(merge).substr(0, space));
    const std::optional<std::string> right =
        BytesOfAlphabet(std::string_view(merge).substr(space + 1));
    if (!left || !right) continue;
    const int32_t merged = Symbol(*left + *right);
    if (token_of_symbol_[merged] == kForbidden) continue;
    merges_.Insert(Symbol(*left), Symbol(*right), {static_cast<uint32_t>(rank), merged});
  }
}

void BpeTokenizer::EncodeText(std::string_view text, FirstSpace,
                              std::vector<int32_t>* tokens) const {
  std::vector<char32_t> characters;
  DecodeLeniently(text, &characters);
  std::vector<uint32_t> ends;
  pretokenizer_.Split(characters, &ends);
  Merger merger;
  std::string word;
  uint32_t at = 0;
  for (uint32_t end : ends) {
    word.clear();
    for (; at < end; ++at) AppendUtf8(characters[at], &word);
    EncodeWord(word, &merger, tokens);
  }
}

void BpeTokenizer::EncodeWord(std::string_view word, Merger* merger,
                              std::vector<int32_t>* tokens) const {
  if (pretokenizer_.ignores_merges()) {
    const int32_t symbol = by_bytes_.Find(word);
    if (symbol >= 0 && token_of_symbol_[symbol] >= 0)
      return tokens->push_back(token_of_symbol_[symbol]);
  }
  merger->Clear();
  for (char byte : word) merger->Add(static_cast<uint8_t>(byte));
  merger->Run([&](int32_t left, int32_t right) -> Merger::Merge {
    const PairTable::Value* merge = merges_.Find(merger->SymbolAt(left), merger->SymbolAt(right));
    return merge == nullptr ? Merger::Merge{} : Merger::Merge{merge->rank, merge->merged};
  });
  for (int32_t node = 0; node < merger->size(); node = merger->Next(node))
    AppendSymbol(merger->SymbolAt(node), tokens);
}

void BpeTokenizer::AppendSymbol(int32_t symbol, std::vector<int32_t>* tokens) const {
  if (token_of_symbol_[symbol] >= 0) return tokens->push_back(token_of_symbol_[symbol]);
  // Merged into what is no token, or a byte that has none: only printable ASCII can be written
  // singly.
  for (char byte : symbols_[symbol]) {
    if (byte <= 0x20 || byte >= 0x7F) continue;
    const int32_t token = token_of_symbol_[static_cast<uint8_t>(byte)];
    if (token >= 0) tokens->push_back(token);
  }
}

}  // namespace motley
