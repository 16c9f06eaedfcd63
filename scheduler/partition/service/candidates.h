#pragma once
// Plans worth simulating: the best by what they predict, and each device alone. Pure, one thread.

#include <vector>

#include "scheduler/partition/service/proposals.h"
#include "scheduler/plan.h"

namespace motley {

Plan PlanOf(const ServiceQuestion& question, Proposal proposal);

// The best `most` plans first, by goodput (in requests per second, as proof.value says) where the
// objective is that, else by generated tokens per second; then, of the devices that hold everything
// alone, those plans that are not among them.
std::vector<Plan> ListCandidates(const Proposals& proposals, int most);

// The first of them.
Result<Plan> BestGoodput(const Proposals& proposals);

}  // namespace motley
