// The doors are tested without daemon/core, which has the real one.
#include "daemon/service.h"

namespace motley {

const char* StateName(ServiceState state) {
  static constexpr const char* kNames[] = {"starting", "loading", "ready", "degraded", "draining"};
  return kNames[static_cast<int>(state)];
}

}  // namespace motley
