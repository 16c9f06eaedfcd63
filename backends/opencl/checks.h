#pragma once
// What the OpenCL kernels take. Pure; any thread.

#include "backends/backend.h"

namespace motley::opencl {

// Shapes and types of backends/cpu/checks.h, and what is narrower here. Unsupported with the
// reason; handles may be null.
Status CheckCall(const OpCall& call);
// InvalidArgument when a handle is missing.
Status CheckHandles(const OpCall& call);
// InvalidArgument with the weight's name.
Status CheckWeight(const WeightSpec& spec);

}  // namespace motley::opencl
