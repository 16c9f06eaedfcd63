#pragma once
// Which OpenCL devices this machine has. One thread at a time.

#include <vector>

#include "backends/backend.h"
#include "backends/opencl/driver/api.h"

namespace motley::opencl {

// Where kernels differ: an item of a CPU works alone with vectors, a GPU's group shares the work.
enum class KernelClass { kItem, kGroup };

struct Found {
  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  DeviceInfo info;  // `kernels` is filled by the caller
  KernelClass kernels = KernelClass::kGroup;
  uint64_t allocation_limit = 0;  // bytes of one buffer
  bool exact_division = false;    // divides floats as IEEE 754 says when asked to
  bool fuses = false;             // has fma in hardware
  // The runtime keeps a better cache than ours: to hand out a binary PoCL compiles every kernel for
  // sizes never used.
  bool own_cache = false;
};

// All devices of all platforms as "ocl0", "ocl1", ...: platforms by name, devices in their
// platform's order. Devices that cannot run our kernels are listed with state "failed" and the
// reason. No platform: an empty list. The uuid is the driver's where it tells (cl_khr_device_uuid),
// else made of platform, name, PCI address and place among equals.
std::vector<Found> FindDevices(const Api& api);

}  // namespace motley::opencl
