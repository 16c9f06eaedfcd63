#pragma once
// What a request does to the model's logits before the choice: bias, penalties, forbidden ends.
// Pure; any thread.

#include <span>

#include "scheduler/executor.h"

namespace motley {

// Changes `logits` in place, in this order; ids outside the vocabulary are ignored:
//   bias        added; <= -100 bans the token; >= +100 forces it: every token without such a bias
//   is banned repetition  of tokens in prompt or generated: positive logits are divided, negative
//   multiplied (Keskar et al.,
//               "CTRL", 2019)
//   presence, frequency   of generated tokens: logit - presence - frequency * count (OpenAI API
//   reference) end tokens  banned when output.suppress_end
void Adjust(std::span<float> logits, const BatchSequence& sequence, const BatchOutput& output);

}  // namespace motley
