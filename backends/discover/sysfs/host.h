#pragma once
// What surrounds the bus: kernel, modules, user, device nodes, vendor libraries. For this machine
// from proc, /dev and the loader's folders (no device node is opened); for a recorded one from proc
// and from motley.json in the root (docs/formats.md). Any thread.

#include "backends/discover/facts.h"
#include "backends/discover/sysfs/tree.h"

namespace motley {

// Sets modules, nodes, libraries, probed, kernel_release, user, in_container and attributes.
void ReadHost(const Tree& tree, MachineFacts& facts);

}  // namespace motley
