#pragma once
// How a plan's numbers come about, stage by stage, so that they can be checked by hand.

#include <string>

#include "base/result.h"
#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

// Of a plan that is one pipeline: each stage's memory, its time for the prompt and for a token, the
// boundaries, and the sums. Errors: those of the cost model; Unsupported for other plans.
Result<std::string> ExplainPlan(const MachineProfile& machine, const Workload& workload,
                                const Plan& plan);

}  // namespace motley
