#pragma once
// Arguments of one kernel call, set in order, and its launch. Lives for one launch.

#include "backends/opencl/driver/api.h"
#include "kernels/op.h"

namespace motley::opencl {

class Arguments {
 public:
  Arguments(const Api& api, cl_kernel kernel) : api_(api), kernel_(kernel) {}

  template <class T>
  Arguments& Value(const T& value) {
    return Raw(sizeof value, &value);
  }
  Arguments& Buffer(cl_mem memory) { return Raw(sizeof memory, &memory); }
  // A buffer and the byte where the operand starts.
  Arguments& At(const Tensor& t) {
    return Buffer(static_cast<cl_mem>(t.handle)).Value(static_cast<cl_long>(t.offset));
  }
  // As At, then the values between rows.
  Arguments& Rows(const Tensor& t) { return At(t).Value(static_cast<cl_long>(t.stride)); }
  Arguments& Int(int64_t value) { return Value(static_cast<cl_int>(value)); }

  // `items` x `rows` work-items in groups of `group` x 1; items are rounded up to whole groups.
  Status Run(cl_command_queue queue, int64_t items, int64_t rows, int64_t group) {
    TRY(Check(error_, "clSetKernelArg"));
    const size_t global[] = {static_cast<size_t>((items + group - 1) / group * group),
                             static_cast<size_t>(rows)};
    const size_t local[] = {static_cast<size_t>(group), 1};
    return Check(
        api_.EnqueueNDRangeKernel(queue, kernel_, 2, nullptr, global, local, 0, nullptr, nullptr),
        "clEnqueueNDRangeKernel", Phase::kEnqueue);
  }

 private:
  Arguments& Raw(size_t size, const void* value) {
    if (error_ == CL_SUCCESS) error_ = api_.SetKernelArg(kernel_, index_, size, value);
    ++index_;
    return *this;
  }

  const Api& api_;
  cl_kernel kernel_;
  cl_uint index_ = 0;
  cl_int error_ = CL_SUCCESS;
};

}  // namespace motley::opencl
