#pragma once
// Profiles of this machine's devices: measured in a process of their own, kept in the store, fitted
// and written as a machine. The program's side of backends/profiler.h. One thread.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/profiler.h"
#include "hwprofiles/op_points.h"
#include "hwprofiles/profile.h"

namespace motley {

// What the caller wants to know while it runs; `stop` is asked several times a second. Any may be
// empty.
using ProfileWatch = ProfileSink;

struct DeviceRun {
  OpProfile profile;           // what was measured, maybe not all
  bool stopped = false;        // by `stop`
  std::optional<Error> error;  // the child died or the device failed: names the device
};
// Profiles one device in a child and waits for it. A child that dies, hangs or is stopped leaves
// what it had measured. Of a device whose numbers are wrong the self-test says which op: its points
// are not to be kept. Error: the child could not be started, the options name no sweep.
Result<DeviceRun> ProfileDevice(const DeviceInfo& device, const ProfileOptions& options,
                                const ProfileWatch& watch);

// Copies to and from two devices at once, `seconds` for each of the four ways, as points
// "copy.with.OTHER" of both profiles; the notes say how fast each was alone. Cancelled: `stop`,
// asked several times a second. Unavailable: a child died or does not answer.
Status MeasurePair(const DeviceInfo& a, const DeviceInfo& b, double seconds,
                   const std::function<bool()>& stop, OpProfile& of_a, OpProfile& of_b);

// The last profile of this device with its driver, kernels and power cap; nothing if any of them
// changed. Kept for a device is the union of what was measured: a newer point replaces an older.
std::optional<OpProfile> StoredOps(const DeviceInfo& device);
Status KeepOps(const DeviceInfo& device, const OpProfile& measured);
// "driver version", and the board's power limit where the kernel tells it: "amdgpu 6.1 cap 190 W".
// `root` is "" or the folder of a recorded machine.
std::string DriverAndCap(const DeviceInfo& device, const std::string& root);

}  // namespace motley
