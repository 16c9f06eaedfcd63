#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/quantize/quantize.h"

namespace motley {

void QuantizeScalar(const float* x, int64_t blocks, const QuantizedRow& out) {
  for (int64_t b = 0; b < blocks; ++b, x += 32) {
    float max = 0;
    for (int i = 0; i < 32; ++i) max = std::fabs(x[i]) > max ? std::fabs(x[i]) : max;
    const float d = max < kQuantizeTiny ? 0 : max / 127.0f;
    const float inverse = max < kQuantizeTiny ? 0 : 127.0f / max;
    int8_t q[32];
    int sums[2] = {0, 0};
    for (int i = 0; i < 32; ++i) {
      // 1.5 * 2^23 leaves no bits for a fraction: the adder rounds to nearest even, and the integer
      // stands in the low bits.
      q[i] = static_cast<int8_t>(std::bit_cast<uint32_t>(x[i] * inverse + 0x1.8p23f));
      sums[i / 16] += q[i];
    }
    std::memcpy(out.q + b * out.step, q, sizeof(q));
    std::memcpy(out.d + b * out.step, &d, sizeof(d));
    for (int i = 0; i < 2; ++i) out.sums[2 * b + i] = static_cast<int16_t>(sums[i]);
  }
}

}  // namespace motley
