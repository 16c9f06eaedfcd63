#pragma once
// IEEE 754 binary16 and bfloat16 as their bits. Portable, no instruction beyond the base set; any
// thread.

#include <cstdint>

namespace motley {

float HalfToFloat(uint16_t half);        // exact; keeps infinities, NaNs and subnormals
uint16_t FloatToHalf(float value);       // nearest even; too large becomes infinity
float BFloat16ToFloat(uint16_t bfloat);  // exact
uint16_t FloatToBFloat16(float value);   // nearest even

}  // namespace motley
