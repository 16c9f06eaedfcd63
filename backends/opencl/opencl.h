#pragma once
// Any OpenCL 1.2+ device: PoCL on CPUs, Intel, AMD, NVIDIA and others by their own drivers. Plug-in
// libmotley-backend-opencl.so; libOpenCL.so.1 is loaded at run time and its absence is an empty
// list of devices.
//
// Environment, read by Open: MOTLEY_KERNELS=ref computes in float throughout with an F32 cache;
// MOTLEY_OPENCL_KERNELS=item|group overrides which class of kernels a device gets (else by its
// type). Open builds the common kernels; those of a weight type are built when the first weight or
// call of that type comes. Both come from StateFolder()/opencl when the same build was there
// before. Threads and errors as in backends/backend.h; a compiler's refusal is Internal with its
// log.

#include <memory>

#include "backends/backend.h"

namespace motley {

std::unique_ptr<Backend> MakeOpenClBackend();

}  // namespace motley
