#pragma once
// Times of synthetic steps on a loaded stage: the same code that serves, on made-up tokens.

#include "base/clock.h"
#include "base/result.h"
#include "daemon/wire/worker.pb.h"
#include "engine/exec/stage.h"

namespace motley {

// Lower quartiles in microseconds, in the order of the request, and how long each waited for a
// core: what other programs disturbed is measured up to three times. Stops before a point that the
// budget has no room for.
Result<wire::Measured> MeasureStage(Stage* stage, const StageShape& shape,
                                    const wire::Measure& request, Clock& clock);

}  // namespace motley
