#pragma once
// The contract of a device. A backend is the code for one vendor runtime, built as a plug-in
// (libmotley-backend-NAME.so) with the C entry point at the end; a worker process opens exactly one
// device of one backend. Exceptions and signals of a vendor library stop here.
//
// Threads: Enumerate and Open from any one thread; a Device and everything made from it from one
// thread at a time. Errors: Unsupported (op, type), OutOfMemory, DeviceLost (the process must be
// replaced), InvalidArgument, Internal.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kernels/op.h"

namespace motley {

struct DeviceInfo {
  std::string id;       // "cpu0", "ocl0": the backend's prefix and a running number
  std::string kind;     // "cpu", "gpu", "fpga" or "other"
  std::string backend;  // "cpu", "opencl", "fake"
  std::string name;     // "Intel Xeon Gold 6242 (2 cores)"
  std::string pci;      // "0000:21:00.0", or empty
  std::string
      uuid;  // stable across restarts: the vendor's, else made from what identifies the part
  int numa_node = -1;
  std::string driver_name, driver_version;  // empty: none
  std::string kernels;  // level and build of our kernels: part of a profile's key
  uint64_t memory_bytes = 0;
  uint64_t free_bytes = 0;
  int compute_units = 0;
  std::string state = "ready";  // ready, degraded, failed, ...
  std::string reason, fix;      // why it is not ready and what helps
};

// What changes while running; nothing where the device cannot tell.
struct Telemetry {
  std::optional<double> temperature_c, power_w, busy;
  uint64_t free_bytes = 0;
};

// Device memory. The handle goes into Tensor::handle.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual void* handle() = 0;
  virtual uint64_t size() const = 0;
  // The bytes themselves where the host can use them after Sync (cpu), else nullptr: then CopyIn
  // and CopyOut.
  virtual std::byte* host() { return nullptr; }
};

// How ops of a model will use a weight: it chooses the layout that LoadWeight may repack it to.
enum class WeightUse {
  kMatrix,         // mul_mat
  kRows,           // get_rows
  kMatrixAndRows,  // both (tied embedding and head): still stored once
  kVector,  // norm weights, biases, rope factors: F32 [1, cols] on the device whatever the file's
            // type
};
struct WeightSpec {
  std::string name;
  TensorType type = TensorType::kF32;  // in the file
  int64_t rows = 0, cols = 0;
  WeightUse use = WeightUse::kMatrix;
};
// Fills `out` with rows [first, first + count) as they are in the file. Called in order, from one
// thread.
using RowReader = std::function<Status(int64_t first, int64_t count, MutableBytes out)>;

struct Weight {
  std::unique_ptr<Buffer> buffer;
  Tensor tensor;  // type and shape of the spec (F32 for kVector); layout is the device's business
};

// Work queue of a device. Calls run in order; Launch returns once the call is queued or done.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual Status CopyIn(Bytes from, Buffer& to,
                        uint64_t offset) = 0;  // host -> device; `from` is free on return
  virtual Status CopyOut(Buffer& from, uint64_t offset, MutableBytes to) = 0;  // waits for the data
  virtual Status Launch(const OpCall& call) = 0;
  virtual Status Sync() = 0;  // all work so far is done; a failed call surfaces here at the latest
};

class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceInfo& info() const = 0;
  virtual Result<Telemetry> ReadTelemetry() = 0;
  virtual Result<std::unique_ptr<Buffer>> Allocate(
      uint64_t bytes) = 0;  // zeroed, aligned to 64 bytes or more
  virtual Result<Weight> LoadWeight(const WeightSpec& spec, const RowReader& read) = 0;
  virtual Result<std::unique_ptr<Stream>> NewStream() = 0;
  // Ok if Launch would take this call (shapes and types; handles may be null), else Unsupported
  // with the reason. An unsupported call runs on the worker's host CPU in the same stage.
  virtual Status Supports(const OpCall& call) const = 0;
  // F16, or F32 where the device computes in full precision.
  virtual TensorType KvType() const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  // Devices of this machine, usable or not (see state). An absent driver is an empty list, not an
  // error.
  virtual Result<std::vector<DeviceInfo>> Enumerate() = 0;
  // `threads` bounds the host threads a device may use (0: its own choice).
  struct OpenOptions {
    int threads = 0;
  };
  virtual Result<std::unique_ptr<Device>> Open(const std::string& id,
                                               const OpenOptions& options) = 0;
};

// The plug-in's door. Bumped whenever anything above or kernels/op.h changes.
inline constexpr int kBackendAbi = 1;
struct BackendEntry {
  int abi = kBackendAbi;
  Backend* (*create)() = nullptr;  // the caller deletes it
};
// extern "C" const motley::BackendEntry motley_backend;

// Loads a plug-in: a path, or a name ("cpu") looked up as libmotley-backend-NAME.so beside the
// running program, then in ../lib/motley of it. Wrong ABI is Unsupported with both numbers.
Result<std::unique_ptr<Backend>> LoadBackend(const std::string& name_or_path);
// Names of the plug-ins found in those folders, sorted.
std::vector<std::string> ListBackends();

}  // namespace motley
