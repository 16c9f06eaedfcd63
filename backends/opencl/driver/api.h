#pragma once
// The OpenCL 1.2 functions this backend calls, taken from libOpenCL.so.1 at run time: nothing is
// linked, so an absent driver is no error. The table is made once and never unloaded (runtimes keep
// threads); any thread.

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <string>
#include <utility>

#include "base/result.h"

namespace motley::opencl {

// clang-format off
#define MOTLEY_CL_FUNCTIONS(F) \
  F(GetPlatformIDs) F(GetPlatformInfo) F(GetDeviceIDs) F(GetDeviceInfo) \
  F(CreateContext) F(ReleaseContext) F(CreateCommandQueue) F(ReleaseCommandQueue) \
  F(CreateBuffer) F(ReleaseMemObject) F(CreateProgramWithSource) F(CreateProgramWithBinary) \
  F(BuildProgram) F(GetProgramInfo) F(GetProgramBuildInfo) F(ReleaseProgram) \
  F(CreateKernel) F(ReleaseKernel) F(SetKernelArg) F(EnqueueNDRangeKernel) \
  F(EnqueueWriteBuffer) F(EnqueueReadBuffer) F(EnqueueFillBuffer) F(Flush) \
  F(Finish)
// clang-format on

struct Api {
#define MOTLEY_CL_MEMBER(name) decltype(&::cl##name) name = nullptr;
  MOTLEY_CL_FUNCTIONS(MOTLEY_CL_MEMBER)
#undef MOTLEY_CL_MEMBER
};

// The process's table, or NotFound with the loader's reason. `limit_threads` > 0 asks PoCL, which
// makes its threads on first use, for that many; it also gets a cache folder of ours. Only the
// first call can do so.
Result<const Api*> LoadApi(int limit_threads);

// Owns one reference to a runtime object. Release is a member of Api: Handle<cl_mem,
// &Api::ReleaseMemObject>.
template <class T, auto Release>
class Handle {
 public:
  Handle() = default;
  Handle(const Api& api, T object) : api_(&api), object_(object) {}
  Handle(Handle&& other) noexcept
      : api_(other.api_), object_(std::exchange(other.object_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(object_, other.object_);
    return *this;
  }
  ~Handle() {
    if (object_) (api_->*Release)(object_);
  }
  T get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  const Api* api_ = nullptr;
  T object_ = nullptr;
};
using Context = Handle<cl_context, &Api::ReleaseContext>;
using Queue = Handle<cl_command_queue, &Api::ReleaseCommandQueue>;
using Memory = Handle<cl_mem, &Api::ReleaseMemObject>;
using Program = Handle<cl_program, &Api::ReleaseProgram>;
using Kernel = Handle<cl_kernel, &Api::ReleaseKernel>;

// Where a call failed. Waiting is where a kernel that broke its device shows.
enum class Phase { kSetUp, kEnqueue, kWait };

// "CL_OUT_OF_RESOURCES", or "error -9999".
std::string ErrorName(cl_int error);
// Out of memory (-4, -6, -61; -5 unless waiting) is OutOfMemory; a device that is not available, an
// aborted queue or a vendor's own number (-9999), and -5 when waiting, is DeviceLost; all else is
// Internal with name and number.
Error ToError(cl_int error, const std::string& what, Phase phase);
inline Status Check(cl_int error, const char* what, Phase phase = Phase::kSetUp) {
  if (error == CL_SUCCESS) return {};
  return ToError(error, what, phase);
}

}  // namespace motley::opencl
