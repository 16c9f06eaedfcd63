#include "backends/opencl/driver/api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/os.h"

namespace motley::opencl {
namespace {

void PrepareEnvironment(int limit_threads) {
  if (limit_threads > 0) {
    setenv("POCL_MAX_PTHREAD_COUNT", std::to_string(limit_threads).c_str(), 0);
  }
  // A service has no home directory for PoCL's default; without a folder it would compile again at
  // every start.
  const std::string folder = StateFolder() + "/opencl/pocl";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) setenv("POCL_CACHE_DIR", folder.c_str(), 0);
}

Result<Api> Load() {
  void* library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* reason = dlerror();
    return Error::NotFound(std::string("no OpenCL loader: ") + (reason ? reason : "unknown"))
        .Fix("install ocl-icd-libopencl1 and the vendor's OpenCL driver");
  }
  Api api;
#define MOTLEY_CL_LOAD(name)                                                   \
  api.name = reinterpret_cast<decltype(api.name)>(dlsym(library, "cl" #name)); \
  if (!api.name) return Error::NotFound("libOpenCL.so.1 is older than 1.2: no cl" #name);
  MOTLEY_CL_FUNCTIONS(MOTLEY_CL_LOAD)
#undef MOTLEY_CL_LOAD
  return api;
}

}  // namespace

Result<const Api*> LoadApi(int limit_threads) {
  static const Result<Api> api = [&] {
    PrepareEnvironment(limit_threads);
    return Load();
  }();
  if (!api.ok()) return api.error();
  return &api.value();
}

std::string ErrorName(cl_int error) {
  switch (error) {
#define MOTLEY_CL_NAME(name) \
  case name:                 \
    return #name;
    MOTLEY_CL_NAME(CL_DEVICE_NOT_FOUND)
    MOTLEY_CL_NAME(CL_DEVICE_NOT_AVAILABLE)
    MOTLEY_CL_NAME(CL_COMPILER_NOT_AVAILABLE)
    MOTLEY_CL_NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE)
    MOTLEY_CL_NAME(CL_OUT_OF_RESOURCES)
    MOTLEY_CL_NAME(CL_OUT_OF_HOST_MEMORY)
    MOTLEY_CL_NAME(CL_BUILD_PROGRAM_FAILURE)
    MOTLEY_CL_NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
    MOTLEY_CL_NAME(CL_INVALID_VALUE)
    MOTLEY_CL_NAME(CL_INVALID_CONTEXT)
    MOTLEY_CL_NAME(CL_INVALID_COMMAND_QUEUE)
    MOTLEY_CL_NAME(CL_INVALID_MEM_OBJECT)
    MOTLEY_CL_NAME(CL_INVALID_BINARY)
    MOTLEY_CL_NAME(CL_INVALID_BUILD_OPTIONS)
    MOTLEY_CL_NAME(CL_INVALID_PROGRAM_EXECUTABLE)
    MOTLEY_CL_NAME(CL_INVALID_KERNEL_NAME)
    MOTLEY_CL_NAME(CL_INVALID_KERNEL_ARGS)
    MOTLEY_CL_NAME(CL_INVALID_ARG_SIZE)
    MOTLEY_CL_NAME(CL_INVALID_WORK_GROUP_SIZE)
    MOTLEY_CL_NAME(CL_INVALID_BUFFER_SIZE)
#undef MOTLEY_CL_NAME
    default:
      return "error " + std::to_string(error);
  }
}

Error ToError(cl_int error, const std::string& what, Phase phase) {
  // NVIDIA's number for a kernel's illegal access; other vendors use the same range for theirs.
  constexpr cl_int kVendorNumbers = -9000;
  std::string message = what + ": " + ErrorName(error) + " (" + std::to_string(error) + ")";
  switch (error) {
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case CL_OUT_OF_HOST_MEMORY:
    case CL_INVALID_BUFFER_SIZE:
      return {Code::kOutOfMemory, std::move(message)};
    case CL_OUT_OF_RESOURCES:
      return {phase == Phase::kWait ? Code::kDeviceLost : Code::kOutOfMemory, std::move(message)};
    case CL_DEVICE_NOT_AVAILABLE:
    case CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST:
    case CL_INVALID_COMMAND_QUEUE:
      return Error::DeviceLost(std::move(message));
    default:
      return error <= kVendorNumbers ? Error::DeviceLost(std::move(message))
                                     : Error::Internal(std::move(message));
  }
}

}  // namespace motley::opencl
