#pragma once
// What every item costs on every device and every boundary between two, from whatever the profile
// knows. Pure functions, any thread. Microseconds.
//
// Per device the best source wins: item_times_us; layer_times (an item takes `cost` times the
// layer's time); ops; peak. The last two price from weight_bytes and flops_per_token: with the
// mul_mat fit of hwprofiles/op_fit.h that holds for the item's type and rows, to which a layer adds
// the attention fit where the workload says attention_flops_per_pair (a generated token attends to
// the prompt and half of the output); or launch + max(B/bw, F/pk) from the data sheet, which marks
// the device as prior. There the embedding is a gather of hidden_bytes_per_token per token, and the
// head sees one row per prompt.

#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"
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
};

// Errors: InvalidArgument naming the key: nothing known of a phase that the objective needs, a
// wrong number of item times, negative or not finite numbers, a pair of devices with neither link
// nor default_link.
Result<Costs> PriceItems(const MachineProfile& machine, const Workload& workload,
                         const Objective& objective);

// Whether the objective's value counts the prompt, and the generated tokens.
bool NeedsPrefill(const Objective& objective);
bool NeedsDecode(const Objective& objective);

// Linear between points; outside them along the nearest two, never below 0; a single point is a
// constant.
double Interpolate(const TimeTable& table, double x);

}  // namespace motley
