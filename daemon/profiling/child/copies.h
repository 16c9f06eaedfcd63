#pragma once
// A child that copies when it is told to, so that two of them can copy at once (../pairs.cc).

#include <nlohmann/json_fwd.hpp>

#include "backends/backend.h"
#include "base/os.h"

namespace motley::profiling {

// Answers every {"copy":{"direction":"in"|"out","bytes","seconds"}} with {"copied":{"us":N}}, the
// median of one copy over that time (one copy at least), until the other end closes or says
// something else. Errors: the device's own, InvalidArgument for a request that makes no sense.
Status ServeCopies(const Fd& socket, Device& device);

}  // namespace motley::profiling
