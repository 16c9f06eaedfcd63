#include "engine/tokenizer/tokenizer.h"

#include "engine/tokenizer/bpe_tokenizer.h"
#include "engine/tokenizer/spm_tokenizer.h"

namespace motley {
namespace {

struct Model {
  const char* name;
  Result<std::unique_ptr<Tokenizer>> (*load)(const Manifest& manifest);
};
constexpr Model kModels[] = {{"gpt2", BpeTokenizer::Load}, {"llama", SpmTokenizer::Load}};

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::Load(const Manifest& manifest) {
  const std::string name = TRY(manifest.String("tokenizer.ggml.model"));
  std::string known;
  for (const Model& model : kModels) {
    if (name == model.name) return model.load(manifest);
    known += (known.empty() ? "" : ", ") + std::string(model.name);
  }
  Error error =
      Error::Unsupported("tokenizer model \"" + name + "\" is not known; known: " + known);
  error.field = "tokenizer.ggml.model";
  return error;
}

}  // namespace motley
