#pragma once
// What every item costs on every device and every boundary between two, from whatever the profile
// knows. Pure functions, any thread. Microseconds.
//
// What scheduler/cost_model says of one whole prompt in one step, and of one sequence whose context
// is the prompt and half of the output.

#include <memory>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/cost_model/cost_model.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

struct ItemCosts {
  std::vector<double>
      prefill;  // per item, the whole prompt; empty when unknown (or there is no prompt)
  std::vector<double> decode;  // per item, one token of one sequence; empty when unknown
  bool prior = false;          // from a data sheet
};

struct Costs {
  std::vector<ItemCosts> devices;    // in the machine's order
  std::vector<double> prefill_link;  // [from * devices + to]: the whole prompt's hidden state once
  std::vector<double> decode_link;   // one token's
  std::shared_ptr<const CostModel> model;
};

// The two steps that those are of.
StepShape PromptStep(const Objective& objective);
StepShape TokenStep(const Objective& objective);
// One step of items first..last with streamed weights. What a step takes once is in the link that a
// later stage comes in over, so here it is only where first is 0.
double StreamedStep(const Costs& costs, int device, int first, int last, const StepShape& shape);

// Errors: InvalidArgument naming the key: nothing known of a phase that the objective needs, a
// wrong number of item times, negative or not finite numbers, a pair of devices with neither link
// nor default_link.
Result<Costs> PriceItems(const MachineProfile& machine, const Workload& workload,
                         const Objective& objective);

// Whether the objective's value counts the prompt, and the generated tokens.
bool NeedsPrefill(const Objective& objective);
bool NeedsDecode(const Objective& objective);

}  // namespace motley
