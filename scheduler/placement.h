#pragma once
// Placement by hand: `--devices cpu0,ocl0 --split 0-14,15-29`. Pure, any thread.
// Errors: InvalidArgument naming the field, "devices" or "split".

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scheduler/plan.h"

namespace motley {

// "cpu0,ocl0" -> its ids in order, blanks around them dropped; empty or repeated ones are errors.
// Whether such devices exist is the caller's to check.
Result<std::vector<std::string>> ParseDeviceList(std::string_view devices);

// One stage per device, in order. `split` has one range of layers per device ("15" is "15-15"),
// which must follow each other from layer 0 to the last one without gap or overlap. Ends beyond the
// model's last layer are clipped to it, so that one split serves models of similar depth; a range
// that starts beyond it is an error. The embedding goes with the first stage, the head with the
// last: items = embed, `layers` layers, head.
Result<std::vector<Stage>> ParsePlacement(std::string_view devices, std::string_view split,
                                          int layers);

}  // namespace motley
