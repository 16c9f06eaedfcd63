#pragma once
// What steps through a planned model's pipeline will take, whatever their batch and contexts: the
// plan says it only for its own objective. Read-only once made, any thread. Microseconds.

#include <memory>
#include <vector>

#include "base/result.h"
#include "daemon/planning/planner.h"
#include "scheduler/cost_model/cost_model.h"

namespace motley {

class Forecast {
 public:
  static Result<Forecast> Make(const PlannedModel& planned);

  // From a batch to its tokens: all stages, and the frames between the processes.
  double StepUs(const StepShape& shape) const;
  // A prompt of one sequence, with nothing before it; `batch` of them at once.
  double PromptUs(double tokens, double batch = 1) const;
  // `count` tokens for each of `batch` sequences with `context` tokens at first.
  double GenerateUs(double count, double batch, double context) const;

 private:
  double frame_us_ = 0;
  struct Member {
    std::shared_ptr<const StageCost> cost;
    double boundary_us = 0, boundary_row_us = 0;
  };
  std::vector<Member> members_;
};

}  // namespace motley
