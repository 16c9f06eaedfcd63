#pragma once
// Rotary angles as turns in 64-bit fixed point (2^64 is a whole turn), the same on every device:
// position * turns keeps only the fraction of a turn, exactly, so that large positions lose nothing
// and no device needs double. Any thread.

#include <bit>
#include <cstdint>

namespace motley {

// out[i] = turns per position of pair i < rotated / 2: frequency_scale * base^(-2i/rotated) / 2 pi,
// which must be less than one turn: base >= 1, 0 < frequency_scale <= 6.
void FillTurns(int rotated, float base, float frequency_scale, uint64_t* out);

// turns / factor for a normal positive `factor` = mantissa * 2^(exponent - 23). Internal linkage:
// see kernels/operand.h; rope_f32_i32_f32_opencl.cl has the same.
static inline uint64_t DivideTurns(uint64_t turns, float factor) {
  const auto bits = std::bit_cast<uint32_t>(factor);
  const int exponent = static_cast<int>((bits >> 23) & 255) - 127;
  const uint64_t mantissa = (bits & 0x7fffffu) | 0x800000u;
  const uint64_t quotient = (turns / mantissa << 23) + ((turns % mantissa << 23) / mantissa);
  if (exponent >= 0) return exponent < 64 ? quotient >> exponent : 0;
  return exponent > -64 ? quotient << -exponent : 0;
}

}  // namespace motley
