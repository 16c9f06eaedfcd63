#include <array>
#include <string>

#include "engine/model/builder.h"

namespace motley {
namespace {

struct Family {
  const char* architecture;
  void (*build)(GraphBuilder&);
};
// A new family is one file and one line.
constexpr std::array kFamilies = {
    Family{"llama", BuildLlama},
    Family{"qwen2", BuildQwen2},
    Family{"qwen3", BuildQwen3},
    Family{"gemma3", BuildGemma3},
};

}  // namespace

Result<ModelGraph> BuildGraph(const Manifest& manifest) {
  HyperParameters hyper = TRY(ReadHyperParameters(manifest));
  std::string known;
  for (const Family& family : kFamilies) {
    if (hyper.architecture == family.architecture) {
      GraphBuilder builder(manifest, std::move(hyper));
      family.build(builder);
      return std::move(builder).Finish();
    }
    known += std::string(known.empty() ? "" : ", ") + family.architecture;
  }
  Error error = Error::Unsupported("architecture \"" + hyper.architecture +
                                   "\" is not known; known: " + known);
  error.field = "general.architecture";
  return error;
}

}  // namespace motley
