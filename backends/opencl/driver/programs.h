#pragma once
// Kernels of one device, built from source or from the cache on disk. One thread at a time, as its
// Device.

#include <map>
#include <string>
#include <utility>

#include "backends/opencl/driver/api.h"
#include "backends/opencl/driver/sources.h"

namespace motley::opencl {

class Programs {
 public:
  // `folder` holds the cache and may be missing or read-only; empty: no cache.
  Programs(const Api& api, cl_context context, const Found& found, Flavour flavour,
           std::string folder);

  Flavour flavour() const { return flavour_; }
  // A kernel that lives as long as this object. Building for the first time takes 0.1 s to seconds.
  Result<cl_kernel> Core(const std::string& name);
  Result<cl_kernel> MulMat(TensorType weight, int rows);  // rows: of kProductRows
  Result<cl_kernel> GetRows(TensorType table);

  // How many programs were compiled, and how many came from the cache.
  int compiled() const { return compiled_; }
  int cached() const { return cached_; }

 private:
  struct Built {
    Program program;
    std::map<std::string, Kernel> kernels;
  };
  template <class Source>
  Result<cl_kernel> Get(const std::string& program, const std::string& kernel, Source&& source);
  Result<Program> Build(const std::string& source);
  Result<Program> FromCache(const std::string& path, uint64_t key);
  Result<Program> FromSource(const std::string& source);
  void WriteCache(const std::string& path, uint64_t key, cl_program program);
  Status Compile(cl_program program);

  const Api& api_;
  cl_context context_;
  cl_device_id device_;
  Flavour flavour_;
  std::string identity_, options_, folder_;
  std::map<std::string, Built> built_;
  int compiled_ = 0, cached_ = 0;
};

}  // namespace motley::opencl
