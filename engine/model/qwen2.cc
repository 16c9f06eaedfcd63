#include "engine/model/pre_norm.h"

namespace motley {

// Qwen 2 and 2.5: biases on q, k and v.
void BuildQwen2(GraphBuilder& b) { BuildPreNormDecoder(b, RopeStyle::kNeox, HeadNorms::kNone); }

}  // namespace motley
