#include "engine/model/pre_norm.h"

namespace motley {

// Llama 1 to 3.2, Mistral, SmolLM2: GGUF conversion permutes q and k, so pairs are interleaved.
void BuildLlama(GraphBuilder& b) {
  BuildPreNormDecoder(b, RopeStyle::kInterleaved, HeadNorms::kNone);
}

}  // namespace motley
