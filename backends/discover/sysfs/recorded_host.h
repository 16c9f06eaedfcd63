#pragma once
// motley.json of a recorded machine (docs/formats.md): what sysfs and proc do not say. Any thread.

#include "backends/discover/facts.h"
#include "backends/discover/sysfs/tree.h"

namespace motley {

// Sets what the file names; a missing or damaged file sets nothing, a damaged entry is left out.
void ReadRecordedHost(const Tree& tree, MachineFacts& facts);

}  // namespace motley
