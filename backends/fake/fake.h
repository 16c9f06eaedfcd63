#pragma once
// Devices that are only written down: the twin of every backend, for tests and for
// `motleyd --simulate box.json`. They compute with the portable CPU kernels in host memory up to a
// limit, on the caller's thread, and fail when told to. Plug-in libmotley-backend-fake.so. Threads
// as in backends/backend.h.
//
// Environment, read by Enumerate and Open:
//   MOTLEY_FAKE_MACHINE=box.json   a motley.machine/1 file: its devices with their ids, kinds,
//   names and memory
//                                  (usable_bytes, else memory_bytes). Unset: one device "fake0" of
//                                  4 GiB.
//   MOTLEY_FAKE_FAULT=F[,F...]     F = [DEVICE:]WHAT@step N or [DEVICE:]oom@alloc N; without DEVICE
//   for all.
//       lose    the step's first launch, and everything after, is DeviceLost
//       abort   the process aborts at the step's first launch, as ROCm's runtime does
//       hang    the step's first launch never returns
//       wrong   the step's products come out negated: a device that computes, and computes nonsense
//       oom     that allocation alone (Allocate or LoadWeight) is OutOfMemory
//       N counts from 1; A..B#SEED picks one of A to B. A step is what is launched between two
//       waits (Sync or CopyOut) of the device's streams; a wait without a launch before it is none.
//   MOTLEY_FAKE_SLOWDOWN=[DEVICE=]X[,...]   launches take X >= 1 times as long
//   MOTLEY_FAKE_OPS=mul_mat,add    all other ops are Unsupported, as on a part that only multiplies
//   matrices MOTLEY_KERNELS=LEVEL           that level's kernels instead of the portable ones (same
//   bits, or `ref`)
// A variable that cannot be read is InvalidArgument naming it.

#include <memory>

#include "backends/backend.h"

namespace motley {

std::unique_ptr<Backend> MakeFakeBackend();

}  // namespace motley
