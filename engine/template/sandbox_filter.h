#pragma once
// The system calls left to the template helper once it has loaded its modules: read and write on
// its one socket, memory that is not executable, the clock, its own signals and exit. Anything else
// fails with EPERM: no file, socket, process or thread can be made. Any thread.

#include <string>

#include "base/result.h"

namespace motley {

// A classic BPF program (struct sock_filter[], as bytes) for prctl(PR_SET_SECCOMP), for this
// machine's architecture. `socket` is the helper's number of its socket. Unavailable: libseccomp
// refused.
Result<std::string> MakeHelperFilter(int socket);

}  // namespace motley
