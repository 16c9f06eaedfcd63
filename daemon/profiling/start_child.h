#pragma once
// The child that profiles a device, and our end of its socket (child/messages.h). Errors: as Spawn
// of base/os.h.

#include "backends/backend.h"
#include "base/os.h"

namespace motley::profiling {

struct StartedChild {
  Fd socket;
  Child child;
};
Result<StartedChild> StartChild(const DeviceInfo& device);

}  // namespace motley::profiling
