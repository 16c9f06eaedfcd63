#include "engine/model/pre_norm.h"

namespace motley {

// Qwen 3, dense: no biases, q and k normed per head.
void BuildQwen3(GraphBuilder& b) {
  BuildPreNormDecoder(b, RopeStyle::kNeox, HeadNorms::kQueryAndKey);
}

}  // namespace motley
