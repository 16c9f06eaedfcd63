#pragma once
// What a machine can do at most, measured: the denominators of benchmarks. One thread drives the
// team.

#include <cstdint>
#include <functional>

#include "kernels/team.h"

namespace motley {

// Seconds of one call of body(i), i = 0..calls-1, each timed by itself after one for warmth: the
// value below which `quantile` of them lie. 0.5 is the median; less sees through a busy machine.
double TimeCalls(int64_t calls, double quantile, const std::function<void(int64_t)>& body);

// 10^9 byte products and sums per second (a multiply and an add are two) of vpdpbusd; 0 where the
// CPU has none.
double VnniGops(Team& team, double quantile);

// 10^9 bytes per second that all threads together read from `data`, MiB by MiB, in order.
double ReadGBps(Team& team, double quantile, const uint8_t* data, int64_t bytes);

}  // namespace motley
