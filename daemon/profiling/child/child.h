#pragma once
// The process that profiles one device: a driver that hangs or aborts takes only this process with
// it.

#include <string>

namespace motley {

// Its main(): opens the device, takes the options from descriptor 3 and streams points there
// (messages.h). The exit status.
int RunProfileChild(const std::string& backend, const std::string& device);

}  // namespace motley
