#include "base/landlock.h"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os.h"

namespace motley {

FileAccess DenyFileAccess() {
  // All rights that the first version of Landlock knows: newer kernels take them too.
  landlock_ruleset_attr rights{};
  rights.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  const Fd rules(static_cast<int>(syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0)));
  if (!rules.valid() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FileAccess::kUnlimited;
  return syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0 ? FileAccess::kDenied
                                                                  : FileAccess::kUnlimited;
}

}  // namespace motley
