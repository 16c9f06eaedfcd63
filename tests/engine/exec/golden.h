#pragma once
// The reference runs of tests/golden: what an exact computation says, and how far llama.cpp's own
// run is from it.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace motley {

struct GoldenPrompt {
  std::string id;
  std::vector<int32_t> tokens, greedy;
  std::vector<double> margins;                               // top-1 minus top-2 logit, per step
  std::vector<std::vector<std::pair<int32_t, double>>> top;  // per step 10 x (id, log-probability)
};

// How far llama.cpp's own quantised run is from exact, measured on the same first prompts in the
// same way (tests/golden/peer.json).
struct Golden {
  size_t peer_prompts = 0;
  double peer_chosen = 0;  // mean |log-probability difference| of the reference's own token
  double peer_top = 0;     // of its ten
  double peer_top1_agree = 0;
  std::vector<GoldenPrompt> prompts;
};

// `name`: "smollm2-135m-q4_1".
Golden LoadGolden(const std::string& name);

// The model file of that golden under $MOTLEY_MODELS, or empty.
std::string GoldenModel(const std::string& name);

}  // namespace motley
