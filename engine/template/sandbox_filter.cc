#include "engine/template/sandbox_filter.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/os.h"

namespace motley {
namespace {

constexpr int kFreeCalls[] = {
    SCMP_SYS(munmap),       SCMP_SYS(mremap),         SCMP_SYS(brk),
    SCMP_SYS(madvise),      SCMP_SYS(futex),          SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),   SCMP_SYS(time),
    SCMP_SYS(getrandom),    SCMP_SYS(setitimer),      SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),     SCMP_SYS(restart_syscall),
};

int AddRules(scmp_filter_ctx filter, int socket) {
  int error = 0;
  const auto allow = [&](int call) {
    if (error == 0) error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  };
  const auto allow_if = [&](int call, scmp_arg_cmp condition) {
    if (error == 0) error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition);
  };
  for (const int call : kFreeCalls) allow(call);
  for (const int call : {SCMP_SYS(read), SCMP_SYS(write)}) {
    allow_if(call, SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(socket)));
  }
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    allow_if(call, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  }
  return error;
}

}  // namespace

Result<std::string> MakeHelperFilter(int socket) {
  const std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                      seccomp_release);
  if (!filter) return Error::Unavailable("libseccomp made no filter");
  if (const int error = AddRules(filter.get(), socket); error != 0) {
    return ErrnoError("seccomp filter of the template helper", -error);
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return ErrnoError("pipe2", errno);
  const Fd reader(ends[0]), writer(ends[1]);
  if (const int error = seccomp_export_bpf(filter.get(), writer.get()); error != 0) {
    return ErrnoError("seccomp filter of the template helper", -error);
  }
  std::string program(1 << 16, '\0');
  const ssize_t bytes = read(reader.get(), program.data(), program.size());
  if (bytes <= 0) return ErrnoError("read of the seccomp filter", errno);
  program.resize(static_cast<size_t>(bytes));
  return program;
}

}  // namespace motley
