#include "kernels/rope/turns.h"

#include <cmath>

namespace motley {

// Powers by multiplication: `rotated` / 2 roundings in double are nothing beside the float that
// comes out, and a call of pow for each costs as much as the op.
void FillTurns(int rotated, float base, float frequency_scale, uint64_t* out) {
  const double step = std::pow(static_cast<double>(base), -2.0 / rotated);
  double turns = static_cast<double>(frequency_scale) / (2 * M_PI) * 0x1p64;
  for (int i = 0; i < rotated / 2; ++i, turns *= step) out[i] = static_cast<uint64_t>(turns);
}

}  // namespace motley
