#pragma once
// The rows of the table of cases (backends/discover/cases.h), in three parts by subject, each in
// the order of its codes. Texts are for people; fixes are lines for a shell on Debian 12, notes
// behind a #. {names} in them are filled in by Meet (diagnose.h). Constant; any thread.

#include <span>

#include "backends/discover/cases.h"

namespace motley {

std::span<const Case> DeviceCases();   // 101-119 states, 120-129 access
std::span<const Case> DriverCases();   // 130-149 backends and NVIDIA's driver
std::span<const Case> VendorCases();   // 150-169 other drivers
std::span<const Case> RuntimeCases();  // 170-199 probes and the machine

// Debian keeps some drivers out of its main component: adds the others to the sources that name
// Debian's own mirrors, once, in either form of those files.
#define MOTLEY_ADD_NON_FREE                                      \
  "grep -rl 'debian\\.org' /etc/apt/sources.list* | xargs "      \
  "sudo sed -i -E 's/ main( non-free-firmware)?$/ main contrib " \
  "non-free non-free-firmware/'; sudo apt update; "
#define MOTLEY_ADD_BACKPORTS                                   \
  "echo 'deb http://deb.debian.org/debian bookworm-backports " \
  "main contrib non-free non-free-firmware' | sudo tee "       \
  "/etc/apt/sources.list.d/backports.list; sudo apt update; "
#define MOTLEY_FROM_BACKPORTS "sudo apt install -t bookworm-backports "

}  // namespace motley
