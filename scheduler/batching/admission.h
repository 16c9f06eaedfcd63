#pragma once
// Whether a request can ever run here, decided before it is queued. Pure, any thread.

#include "base/result.h"
#include "scheduler/request.h"
#include "scheduler/scheduler.h"

namespace motley {

// The most KV blocks the request can come to need: its last generated token is never fed back, so
// it takes none.
int64_t WorstCaseBlocks(const Request& request, const SchedulerLimits& limits);

// InvalidArgument with both numbers and the field at fault: an empty prompt, a negative max_tokens,
// computed_tokens out of range, more tokens than the context, more blocks than the pool.
Status CheckRequest(const Request& request, const SchedulerLimits& limits);

}  // namespace motley
