// Rotates pairs of every head of x in place. Items: (pair, row). Angles are turns in 64-bit fixed
// point (kernels/rope/turns.h), and all operations are those of rope_vectors.h: equal bits.

// turns / factor for a normal positive `factor` = mantissa * 2^(exponent - 23).
inline ulong DivideTurns(ulong turns, float factor) {
  const uint bits = as_uint(factor);
  const int exponent = (int)((bits >> 23) & 255) - 127;
  const ulong mantissa = (bits & 0x7fffffu) | 0x800000u;
  const ulong whole = turns / mantissa, rest = turns % mantissa;
  const ulong quotient = (whole << 23) + ((rest << 23) / mantissa);
  if (exponent >= 0) return exponent < 64 ? quotient >> exponent : 0;
  return exponent > -64 ? quotient << -exponent : 0;
}

// (sine, cosine) of x + quarters * pi / 2, as SinCos of kernels/vector/math.h.
inline float2 SinCos(float x, int quarters) {
  const float square = x * x;
  float s = 1.0f / 362880;
  s = FMA(s, square, -1.0f / 5040);
  s = FMA(s, square, 1.0f / 120);
  s = FMA(s, square, -1.0f / 6);
  s = FMA(s * square, x, x);
  float c = -1.0f / 3628800;
  c = FMA(c, square, 1.0f / 40320);
  c = FMA(c, square, -1.0f / 720);
  c = FMA(c, square, 1.0f / 24);
  c = FMA(c, square, -0.5f);
  c = FMA(c, square, 1.0f);
  const float2 plain = quarters & 1 ? (float2)(c, 0.0f - s) : (float2)(s, c);
  return quarters & 2 ? 0.0f - plain : plain;
}

kernel void rope(global char* x, long x_at, long x_stride, global char* positions,
                 long positions_at, long positions_stride, global char* factors, long factors_at,
                 int has_factors, global const ulong* turns, int pairs, int heads, int head_dim,
                 int interleaved) {
  const int pair = get_global_id(0);
  const long row = get_global_id(1);
  if (pair >= pairs) return;
  ulong step = turns[pair];
  if (has_factors) step = DivideTurns(step, AT(float, factors, factors_at)[pair]);
  const long position = AT(int, positions, positions_at)[row * positions_stride];
  const ulong angle = (ulong)position * step;
  const ulong quarters = (angle + ((ulong)1 << 61)) >> 62;
  const float rest = (float)(long)(angle - (quarters << 62)) * 3.4061215800865545e-19f;
  const float2 turned = SinCos(rest, (int)quarters);
  const float sine = turned.x, cosine = turned.y;
  global float* a = AT(float, x, x_at) + row * x_stride + (interleaved ? 2 * pair : pair);
  const int apart = interleaved ? 1 : pairs;
  for (int head = 0; head < heads; ++head, a += head_dim) {
    const float first = a[0], second = a[apart];
    a[0] = first * cosine - second * sine;
    a[apart] = FMA(first, sine, second * cosine);
  }
}
