#pragma once
// The kernel's own refusal of files, behind the filter of system calls: one of the two can have a
// hole. For a process that is about to read what others wrote.

namespace motley {

enum class FileAccess { kDenied, kUnlimited };

// From here on this thread, and what it starts, opens, makes and removes no file; descriptors that
// are open go on working. kUnlimited: a kernel without Landlock (before 5.13, or switched off).
FileAccess DenyFileAccess();

}  // namespace motley
