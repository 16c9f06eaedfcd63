#pragma once
// Logits to the next token. Stateless: any thread. Deterministic: the draw depends on (seed,
// position) alone.

#include <cstdint>
#include <span>
#include <vector>

#include "scheduler/executor.h"

namespace motley {

// `logits` [vocabulary] is changed in place. The log-probabilities reported are of the model's
// distribution before bias, penalties and temperature (-9999 at least); without output.logprobs,
// none is computed: 0. `position` is that of the token being chosen. Not-a-number counts as
// -infinity; when nothing is above -infinity, token 0. See adjust.h and choose.h for the
// arithmetic.
TokenLogprob Sample(std::span<float> logits, const BatchSequence& sequence,
                    const BatchOutput& output, int position);

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): uniform in
// [0, 1).
double UniformAt(uint64_t seed, uint64_t position);

}  // namespace motley
