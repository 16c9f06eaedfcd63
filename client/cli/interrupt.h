#pragma once
// Ctrl-C, SIGTERM and SIGHUP as a flag, for commands that have something to clean up. Process-wide,
// made once, from main's thread.

namespace motley {

// From here on these signals set the flag instead of ending the process; blocking reads return.
void WatchInterrupts();
bool Interrupted();
// Returns early when a signal comes.
void Pause(int milliseconds);

}  // namespace motley
