#pragma once
// Who listens on a TCP port, from /proc. Best effort: other users' processes are only seen by root.
// Any thread.

#include <cstdint>
#include <string>

namespace motley {

// "process 1234 (ollama)", or empty when it cannot be found. `proc` is where proc is mounted.
std::string PortHolder(uint16_t port, const std::string& proc = "/proc");

}  // namespace motley
