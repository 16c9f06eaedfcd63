#include <cmath>
#include <set>

#include "tests/engine/gguf/gguf_builder.h"

namespace motley {
namespace {

constexpr const char* kWords[] = {"the",   "and",  "of",   "to",   "in",    "is",   "that",
                                  "it",    "was",  "for",  "on",   "are",   "with", "hello",
                                  "world", "once", "upon", "time", "there", "model"};
constexpr int32_t kNormal = 1, kControl = 3;

std::string Utf8(uint32_t code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xc0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3f))};
}

// The character that stands for a byte in byte-level BPE (GPT-2): itself when it prints, else the
// next from 256 on.
std::vector<std::string> ByteCharacters() {
  std::vector<std::string> out;
  uint32_t next = 256;
  for (uint32_t b = 0; b < 256; ++b) {
    const bool prints = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    out.push_back(Utf8(prints ? b : next++));
  }
  return out;
}

void AddMerges(std::vector<std::string>& tokens, std::vector<std::string>& merges) {
  static const std::string kSpace = "\u0120";
  std::set<std::string> known;
  for (const std::string word : kWords) {
    for (std::string left : {std::string(1, word[0]), kSpace}) {
      for (size_t i = left == kSpace ? 0 : 1; i < word.size(); ++i) {
        const std::string right(1, word[i]), joined = left + right;
        if (known.insert(joined).second) {
          merges.push_back(left + " " + right);
          tokens.push_back(joined);
        }
        left = joined;
      }
    }
  }
}

int TinyVocabularySize() {
  std::vector<std::string> tokens, merges;
  AddMerges(tokens, merges);
  return static_cast<int>(3 + 256 + tokens.size());
}

void AddHyperParameters(GgufBuilder& b, const std::string& family, const TinyOptions& o) {
  const auto set = [&](const char* key, int value) {
    b.Set(family + "." + key, static_cast<uint32_t>(value));
  };
  b.Set("general.architecture", family).Set("general.name", "tiny " + family);
  set("block_count", o.layers);
  set("context_length", o.context);
  set("embedding_length", o.embedding);
  set("feed_forward_length", o.feed_forward);
  set("attention.head_count", o.heads);
  set("attention.head_count_kv", o.kv_heads);
  set("attention.key_length", o.head);
  set("attention.value_length", o.head);
  if (family != "gemma3") set("rope.dimension_count", o.head);
  if (family == "gemma3") set("attention.sliding_window", o.sliding_window);
  b.Set(family + ".rope.freq_base", 10000.0f);
  b.Set(family + ".attention.layer_norm_rms_epsilon", 1e-5f);
}

class Weights {
 public:
  Weights(GgufBuilder& b, const TinyOptions& o) : b_(b), o_(o) {}
  void Matrix(const std::string& name, int cols, int rows) { Typed(name, o_.type, cols, rows); }
  void Typed(const std::string& name, TensorType type, int cols, int rows) {
    b_.Random(name, type, {cols, rows},
              {o_.seed, 1.5f / std::sqrt(static_cast<float>(cols)), 0.0f});
  }
  void Norm(const std::string& name, int cols) {
    b_.Random(name, TensorType::kF32, {cols}, {o_.seed, 0.1f, 1.0f});
  }
  void Bias(const std::string& name, int cols) {
    b_.Random(name, TensorType::kF32, {cols}, {o_.seed, 0.1f, 0.0f});
  }

 private:
  GgufBuilder& b_;
  const TinyOptions& o_;
};

void AddBlock(Weights& w, const std::string& family, const TinyOptions& o, const std::string& p) {
  const int query = o.heads * o.head, key_value = o.kv_heads * o.head;
  w.Norm(p + "attn_norm.weight", o.embedding);
  w.Matrix(p + "attn_q.weight", o.embedding, query);
  w.Matrix(p + "attn_k.weight", o.embedding, key_value);
  w.Matrix(p + "attn_v.weight", o.embedding, key_value);
  w.Matrix(p + "attn_output.weight", query, o.embedding);
  if (family == "qwen2") {
    w.Bias(p + "attn_q.bias", query);
    w.Bias(p + "attn_k.bias", key_value);
    w.Bias(p + "attn_v.bias", key_value);
  }
  if (family == "qwen3" || family == "gemma3") {
    w.Norm(p + "attn_q_norm.weight", o.head);
    w.Norm(p + "attn_k_norm.weight", o.head);
  }
  if (family == "gemma3") {
    w.Norm(p + "post_attention_norm.weight", o.embedding);
    w.Norm(p + "post_ffw_norm.weight", o.embedding);
  }
  w.Norm(p + "ffn_norm.weight", o.embedding);
  w.Matrix(p + "ffn_gate.weight", o.embedding, o.feed_forward);
  w.Matrix(p + "ffn_up.weight", o.embedding, o.feed_forward);
  w.Matrix(p + "ffn_down.weight", o.feed_forward, o.embedding);
}

}  // namespace

void AddTinyVocabulary(GgufBuilder& builder, const std::string& pre) {
  std::vector<std::string> tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, merges;
  for (std::string& c : ByteCharacters()) tokens.push_back(std::move(c));
  AddMerges(tokens, merges);
  std::vector<int32_t> kinds(tokens.size(), kNormal);
  for (int i = 0; i < 3; ++i) kinds[static_cast<size_t>(i)] = kControl;
  builder.Set("tokenizer.ggml.model", "gpt2").Set("tokenizer.ggml.pre", pre);
  builder.Set("tokenizer.ggml.tokens", tokens).Set("tokenizer.ggml.token_type", kinds);
  builder.Set("tokenizer.ggml.merges", merges);
  builder.Set("tokenizer.ggml.bos_token_id", uint32_t{1})
      .Set("tokenizer.ggml.eos_token_id", uint32_t{2});
  builder.Set("tokenizer.ggml.unknown_token_id", uint32_t{0})
      .Set("tokenizer.ggml.add_bos_token", false);
  builder.Set(
      "tokenizer.chat_template",
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
      "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
}

GgufBuilder TinyModel(const std::string& family, TinyOptions options) {
  GgufBuilder builder;
  AddHyperParameters(builder, family, options);
  AddTinyVocabulary(builder, family.starts_with("qwen") ? "qwen2" : "smollm");
  Weights weights(builder, options);
  const int vocabulary = TinyVocabularySize();
  weights.Typed("token_embd.weight", options.embedding_type, options.embedding, vocabulary);
  for (int i = 0; i < options.layers; ++i) {
    AddBlock(weights, family, options, "blk." + std::to_string(i) + ".");
  }
  weights.Norm("output_norm.weight", options.embedding);
  if (options.own_output) weights.Matrix("output.weight", options.embedding, vocabulary);
  return builder;
}

std::string MakeTinyModel(const std::string& family, TinyOptions options) {
  return TinyModel(family, options).Build();
}

}  // namespace motley
