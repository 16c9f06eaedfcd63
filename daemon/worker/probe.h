#pragma once
// Asking a vendor's driver what it has, in a throwaway process: a driver that hangs or aborts takes
// nothing with it.

#include <string>
#include <vector>

#include "backends/backend.h"
#include "base/result.h"

namespace motley {

// main() of that process: loads the backend, writes its devices as JSON to descriptor 3.
int RunProbe(const std::string& backend);

// Starts it and waits at most `timeout_ms`. Errors: Unavailable (died, with its status, or took too
// long).
Result<std::vector<DeviceInfo>> ProbeBackend(const std::string& backend, int timeout_ms);

// The devices of the named backends (none named: all that are installed, but fake), in their order.
// A backend whose probe failed is one entry in state "failed" with the reason.
std::vector<DeviceInfo> ProbeAll(std::vector<std::string> backends, int timeout_ms);

}  // namespace motley
