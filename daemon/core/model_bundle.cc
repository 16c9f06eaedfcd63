#include "daemon/core/model_bundle.h"

#include <filesystem>

#include "base/clock.h"

namespace motley {
namespace {

// File name without its ending, in lower case; other characters than letters, digits, '.', '_' and
// '-' become '-'.
std::string ModelId(const std::string& path) {
  std::string id = std::filesystem::path(path).stem().string();
  for (char& c : id) {
    const auto u = static_cast<unsigned char>(c);
    c = std::isalnum(u) || c == '.' || c == '_' || c == '-' ? static_cast<char>(std::tolower(u))
                                                            : '-';
  }
  return id.substr(0, 128);
}

// The type that most of the weights' bytes have.
std::string MainType(const Manifest& manifest) {
  std::map<std::string, uint64_t> bytes;
  for (const TensorEntry& t : manifest.tensors) {
    if (t.name.rfind("blk.", 0) == 0) bytes[std::string(Traits(t.type).name)] += t.bytes;
  }
  std::string best;
  uint64_t most = 0;
  for (const auto& [name, sum] : bytes) {
    if (sum > most) best = name, most = sum;
  }
  return best;
}

ModelCard MakeCard(const Manifest& manifest, const ModelGraph& graph) {
  ModelCard card;
  card.id = ModelId(manifest.path);
  card.path = manifest.path;
  card.family = graph.hyper.architecture;
  card.quantization = MainType(manifest);
  card.created = RealClock().WallNs() / 1'000'000'000;
  card.file_bytes = static_cast<int64_t>(manifest.file_bytes);
  for (const TensorEntry& t : manifest.tensors) card.parameters += t.rows() * t.cols();
  card.context_tokens = graph.hyper.context;
  card.vocabulary = graph.hyper.vocabulary;
  return card;
}

int LongestToken(const Tokenizer& tokenizer) {
  size_t longest = 0;
  for (int32_t token = 0; token < tokenizer.size(); ++token) {
    longest = std::max(longest, tokenizer.Piece(token, Specials::kParse).size());
  }
  return static_cast<int>(longest);
}

std::vector<std::string> SpecialPieces(const Tokenizer& tokenizer) {
  std::vector<std::string> out;
  for (int32_t token = 0; token < tokenizer.size(); ++token) {
    if (tokenizer.IsSpecial(token)) out.push_back(tokenizer.Piece(token, Specials::kParse));
  }
  return out;
}

// Tens of MiB that the tokenizer has its own form of.
void DropVocabulary(Manifest* manifest) {
  std::erase_if(manifest->metadata, [](const auto& entry) {
    return entry.first.rfind("tokenizer.", 0) == 0 && entry.second.index() >= 5;
  });
}

}  // namespace

Result<ModelBundle> ModelBundle::Load(const std::string& path) {
  ModelBundle out;
  out.manifest = TRY(LoadManifest(path));
  const auto written = out.manifest.String("tokenizer.chat_template");
  const std::string source = written.ok() ? *written : kBuiltInTemplate;
  out.renderer = TRY(TemplateRenderer::Start(source));
  out.graph = TRY(BuildGraph(out.manifest));
  out.tokenizer = TRY(Tokenizer::Load(out.manifest));
  out.special_texts = SpecialTexts(SpecialPieces(*out.tokenizer));
  const auto text = [&](int32_t token) {
    return token >= 0 ? out.tokenizer->Piece(token, Specials::kParse) : std::string();
  };
  out.chat_tokens = {text(out.tokenizer->bos()), text(out.tokenizer->eos())};
  out.chat_style = InspectTemplate(*out.renderer, source);
  DropVocabulary(&out.manifest);
  out.card = MakeCard(out.manifest, out.graph);
  out.card.longest_token_bytes = LongestToken(*out.tokenizer);
  return out;
}

}  // namespace motley
