#pragma once
// The least energy that meets a demand: cost-model 2(d), a scan over sets of devices. One thread.

#include "scheduler/partition/service/proposals.h"
#include "scheduler/plan.h"

namespace motley {

// Of every set of devices the plan with the highest throughput, at objective.rate_rps requests per
// second (0: at its own highest): the one with the fewest joules per generated token.
// Errors: InvalidArgument where the power of no device is known, or no set meets the rate.
Result<Plan> CheapestPlan(const Proposals& proposals);

}  // namespace motley
