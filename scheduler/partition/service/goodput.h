#pragma once
// How many requests a plan can serve within times, judged by queueing formulas: cost-model 2(d).
// A screen, not the truth: the simulator decides among what it lets through. Pure, any thread.

#include "scheduler/partition/service/proposals.h"

namespace motley {

struct Screened {
  Proposal proposal;       // its micro-batches lowered to what the time between tokens allows
  double goodput_rps = 0;  // 0: no load meets the times
};

// The largest micro-batch whose cycle at full load is within slo.itl_s; then the largest part rho
// of that load at which the M/D/1 wait rho D / (2 (1 - rho)) and the prompt's own time D are within
// slo.ttft_s. Times that are 0 limit nothing.
Screened ScreenGoodput(const ServiceQuestion& question, const Proposal& proposal);

}  // namespace motley
