#pragma once
// One token out of adjusted logits: temperature, top-k, top-p, min-p and the draw. Pure; any
// thread.

#include <cstdint>
#include <span>

#include "scheduler/request.h"

namespace motley {

// `logits` is used up. `uniform` in [0, 1) decides: the tokens kept stand in order of id, each as
// wide as its weight.
//   temperature  logits are divided by it; 0 (or so small that 1/t is not finite): the largest
//   logit, lowest id top_k        the k best; at equal logits the lower id top_p        of those
//   the fewest best that hold top_p of the probability, with the one that crosses min_p        of
//   those the ones at least min_p times as probable as the best
// Nothing above -infinity: token 0.
int32_t Choose(std::span<float> logits, const SamplingParams& sampling, double uniform);

}  // namespace motley
