#pragma once
// A plan as a person reads it: a strip of layers for each device, what it costs, what the
// alternatives would.

#include <string>

#include "scheduler/plan.h"

namespace motley {

std::string PlanText(const Plan& plan, int items);

}  // namespace motley
