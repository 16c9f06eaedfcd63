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

struct Golden {
  double peer_mean_abs_dlogprob = 0, peer_top1_agree = 0;
  std::vector<GoldenPrompt> prompts;
};

// `name`: "smollm2-135m-q4_1".
Golden LoadGolden(const std::string& name);

// The model file of that golden under $MOTLEY_MODELS, or empty.
std::string GoldenModel(const std::string& name);

}  // namespace motley
