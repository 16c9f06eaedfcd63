#pragma once
// A batch as the I32 arrays that the ops read.

#include <array>
#include <vector>

#include "base/result.h"
#include "engine/exec/stage.h"
#include "engine/model/graph.h"

namespace motley {

struct StepInputs {
  std::array<std::vector<int32_t>, kInputs> arrays;
  int rows = 0;
  int blocks = 0;  // columns of the block table

  const std::vector<int32_t>& operator[](Input input) const {
    return arrays[static_cast<size_t>(input)];
  }
  std::vector<int32_t>& operator[](Input input) { return arrays[static_cast<size_t>(input)]; }
};

// Checks every number of the batch against the shape: nothing here comes from a place that is
// trusted.
Result<StepInputs> MakeStepInputs(const Batch& batch, const StageShape& shape, int vocabulary);

}  // namespace motley
