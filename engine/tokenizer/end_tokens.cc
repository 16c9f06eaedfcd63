// Files rarely say which tokens end a reply; the texts do. Lists: see vocabulary.h.
#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <set>

#include "engine/tokenizer/merging/hash_tables.h"
#include "engine/tokenizer/vocabulary.h"

namespace motley {
namespace {

using Texts = std::initializer_list<std::string_view>;

constexpr std::array<std::string_view, 22> kEnds = {"<|eot_id|>",
                                                    "<|im_end|>",
                                                    "<|end|>",
                                                    "<|return|>",
                                                    "<|call|>",
                                                    "<|flush|>",
                                                    "<|calls|>",
                                                    "<end_of_turn>",
                                                    "<|endoftext|>",
                                                    "</s>",
                                                    "<|eom_id|>",
                                                    "<EOT>",
                                                    "_<EOT>",
                                                    "[EOT]",
                                                    "[EOS]",
                                                    "<|end_of_text|>",
                                                    "<eos>",
                                                    "<turn|>",
                                                    "[e~[",
                                                    "<end_of_utterance>",
                                                    "<|tool_response>",
                                                    "<｜end▁of▁sentence｜>"};

// Fill-in-the-middle tokens: control tokens whatever the file calls them; some also end a reply.
enum class Fim { kInside, kEnds };
struct FimGroup {
  std::array<const char*, 2> keys;
  Fim fim;
  Texts texts;
};

const std::array<FimGroup, 6>& FimGroups() {
  static const std::array<FimGroup, 6> groups = {{
      {{"tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id"},
       Fim::kInside,
       {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>",
        "<|code_prefix|>", "<|prefix|>"}},
      {{"tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.suffix_token_id"},
       Fim::kInside,
       {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>",
        "<|code_suffix|>", "<|suffix|>"}},
      {{"tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id"},
       Fim::kInside,
       {"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>",
        "<|code_middle|>", "<|middle|>"}},
      {{"tokenizer.ggml.fim_pad_token_id", ""},
       Fim::kEnds,
       {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}},
      {{"tokenizer.ggml.fim_rep_token_id", ""},
       Fim::kEnds,
       {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}},
      {{"tokenizer.ggml.fim_sep_token_id", ""}, Fim::kEnds, {"<|file_sep|>"}},
  }};
  return groups;
}

class EndMarker {
 public:
  EndMarker(const Manifest& manifest, Vocabulary* vocabulary)
      : manifest_(manifest), vocabulary_(*vocabulary), by_text_(vocabulary->texts.size()) {
    for (int32_t i = 0; i < vocabulary_.size(); ++i) by_text_.Assign(vocabulary_.texts[i], i);
  }

  void Mark() {
    for (const FimGroup& group : FimGroups()) MarkFim(group);
    for (std::string_view text : kEnds) MarkEnd(by_text_.Find(text));
    // gpt-oss writes its channels with these; they are shown.
    for (std::string_view text : {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"}) {
      SetKind(text, kUserDefinedToken);
    }
    AddId(vocabulary_.eos);
    AddId(Id("tokenizer.ggml.eot_token_id"));
    AddId(Id("tokenizer.ggml.eom_token_id"));
    ApplyExceptions();
    vocabulary_.end_tokens.assign(ends_.begin(), ends_.end());
  }

 private:
  int32_t Id(const char* key) const {
    const int64_t id = manifest_.IntegerOr(key, -1);
    return id >= 0 && id < vocabulary_.size() ? static_cast<int32_t>(id) : -1;
  }

  void AddId(int32_t id) {
    if (id >= 0) ends_.insert(id);
  }

  void MarkEnd(int32_t id) {
    if (id < 0) return;
    ends_.insert(id);
    MakeControl(id);
  }

  void MakeControl(int32_t id) {
    if (!vocabulary_.IsSpecial(id)) vocabulary_.kinds[id] |= kControlToken | kControlByText;
  }

  void SetKind(std::string_view text, uint8_t kind) {
    const int32_t id = by_text_.Find(text);
    if (id >= 0) vocabulary_.kinds[id] = kind;
  }

  bool Ends(std::string_view text) const { return ends_.contains(by_text_.Find(text)); }

  void MarkFim(const FimGroup& group) {
    int32_t id = std::max(Id(group.keys[0]), Id(group.keys[1]));
    for (auto text = group.texts.begin(); id < 0 && text != group.texts.end(); ++text) {
      id = by_text_.Find(*text);
      if (id >= 0) MakeControl(id);
    }
    if (group.fim == Fim::kEnds) AddId(id);
  }

  void ApplyExceptions() {
    // Where "<|end|>" ends a message, not a reply.
    if (Ends("<|end|>") && (Ends("<|call|>") || Ends("<|calls|>")) &&
        (Ends("<|return|>") || Ends("<|flush|>"))) {
      ends_.erase(by_text_.Find("<|end|>"));
      SetKind("<|end|>", kUserDefinedToken);
    }
    // Where "</s>" is an ordinary word.
    if (Ends("</s>") && Ends("<|tool_response>")) {
      ends_.erase(by_text_.Find("</s>"));
      SetKind("</s>", kNormalToken);
    }
  }

  const Manifest& manifest_;
  Vocabulary& vocabulary_;
  TextTable by_text_;
  std::set<int32_t> ends_;
};

bool ContainsAny(const std::string& text, Texts parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

std::string TextOr(const Manifest& manifest, const char* key) {
  auto text = manifest.String(key);
  return text.ok() ? *text : "";
}

void Strip(std::string_view text, uint8_t side, Vocabulary* vocabulary) {
  for (int32_t i = 0; i < vocabulary->size(); ++i) {
    if (vocabulary->texts[i] == text) vocabulary->kinds[i] |= side;
  }
}

void StripRightOfAllBut(Texts kept, Vocabulary* vocabulary) {
  for (int32_t i = 0; i < vocabulary->size(); ++i) {
    const bool matched_whole = vocabulary->Is(i, kControlToken | kUnknownToken | kUserDefinedToken);
    if (!matched_whole && vocabulary->texts[i] != "</s>") continue;
    if (std::find(kept.begin(), kept.end(), vocabulary->texts[i]) == kept.end())
      vocabulary->kinds[i] |= kStripRight;
  }
}

}  // namespace

void MarkEndTokens(const Manifest& manifest, Vocabulary* vocabulary) {
  EndMarker(manifest, vocabulary).Mark();
}

void MarkStrippingTokens(const Manifest& manifest, Vocabulary* vocabulary) {
  std::string name = TextOr(manifest, "general.name");
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (ContainsAny(TextOr(manifest, "tokenizer.ggml.pre"),
                  {"jina-v2-de", "jina-v2-es", "jina-v2-code"})) {
    Strip("<mask>", kStripLeft, vocabulary);
  } else if (ContainsAny(name, {"phi-3", "phi3"})) {
    StripRightOfAllBut({"<unk>", "<s>", "<|endoftext|>"}, vocabulary);
  } else if (ContainsAny(name, {"modern-bert"})) {
    Strip("[MASK]", kStripLeft, vocabulary);
  }
}

}  // namespace motley
