#pragma once
// Queues op::MulMat: x is rounded once, then products whose weights have the same type go in one
// launch for every part of the rows of x. One thread, the stream's.

#include "backends/opencl/stream.h"

namespace motley::opencl {

Status LaunchMulMat(ClStream& stream, const op::MulMat<Tensor>& call);

}  // namespace motley::opencl
