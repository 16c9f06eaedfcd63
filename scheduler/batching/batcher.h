#pragma once
// Forms the next step's batch. Pure but for the roster it changes: it admits from the queue,
// reserves blocks, preempts. One thread.
//
// Decode rows first, oldest request first. A decode that finds no free block takes those of the
// youngest running request, which re-computes later; the youngest preempts itself. As admission has
// seen to it that any request alone fits, the oldest always gets on. What is left of the row budget
// goes to prefill chunks in order of arrival; a chunk is cut where blocks run out, and nobody
// younger overtakes. A waiting request starts when the free blocks, less what those already started
// still need for theirs, hold everything it has so far and one more token (or nothing else runs).

#include <optional>
#include <vector>

#include "scheduler/batching/roster.h"
#include "scheduler/executor.h"
#include "scheduler/scheduler.h"

namespace motley {

// Nothing when no request can run. Rows of a sequence are adjacent, in order of position, at most
// limits.batch_rows.
std::optional<Batch> FormBatch(Roster& roster, const SchedulerLimits& limits, uint64_t step);

// Appends tokens, finishes, frees. Requests that were cancelled meanwhile are skipped. An outcome
// that is not as long as the batch asked for is treated as Failed with Internal. Of a failure the
// requests of the batch are told, by the device's name; when a device is lost the other running
// ones go back to the queue.
std::vector<RequestUpdate> ApplyOutcome(Roster& roster, const Batch& batch,
                                        const StepOutcome& outcome);
// Tells every running request that the device it had state on is lost.
std::vector<RequestUpdate> FailRunning(Roster& roster, const DeviceLost& lost);

}  // namespace motley
