#pragma once
// The life of a worker process: open one device, load a stage of a model, run steps from ring to
// ring until motleyd goes or says so. One thread (the backend brings its own). Everything that goes
// wrong with a request is answered; what goes wrong with the device ends the process, and motleyd
// starts another.

#include <string>

#include "base/os.h"

namespace motley {

struct WorkerOptions {
  std::string backend;  // "cpu"
  std::string device;   // "cpu0"
  int threads = 0;      // of the host; 0: the backend's choice
};

// Returns the exit status. `control` is motleyd's end of the socket pair made at spawn.
int RunWorker(const WorkerOptions& options, Fd control);

}  // namespace motley
