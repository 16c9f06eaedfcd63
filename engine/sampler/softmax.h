#pragma once
// Passes of exponentials over a vocabulary. NaN counts as -infinity throughout. Pure; any thread.

#include <span>
#include <vector>

namespace motley {

// Values are looked at in blocks of this many; the last block may be shorter.
inline constexpr size_t kBlock = 64;

// The largest value of each block; -infinity for blocks with none.
std::vector<float> BlockMaxima(std::span<const float> values);

// log(sum of exp(logit)), the sum taken in double; relative error of the sum below 1e-6. `max`: the
// largest logit, finite.
double LogSumExp(std::span<const float> logits, float max);

// Replaces each logit by exp((logit - max) * scale), 0 where that is below 1e-37; `scale` is
// positive and finite.
void ToWeights(std::span<float> logits, float max, float scale);

// The sum of each block.
std::vector<double> BlockSums(std::span<const float> values);

}  // namespace motley
