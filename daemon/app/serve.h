#pragma once
// motleyd from start to end: core, doors, signals, drain.

#include "daemon/app/options.h"

namespace motley {

// Serves until SIGTERM or SIGINT, drains and returns the exit status (docs/cli.md): 0 after a
// drain.
int Serve(const ServeOptions& options);

}  // namespace motley
