#pragma once
// Device nodes, libraries and user of the machine this program runs on. Any thread.

#include "backends/discover/facts.h"

namespace motley {

// Sets nodes, libraries and user. Looks at names and permissions only: nothing is opened or loaded.
void ReadLocalHost(MachineFacts& facts);

}  // namespace motley
