// Rotates pairs of every head of x in place. Items: (pair, row).
//
// An angle is a number of turns in 64-bit fixed point, so that position * frequency keeps only the
// fraction of a turn, exactly: no loss at large positions and no need for double.

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
  const float angle = (float)(long)((ulong)position * step) * 0x1p-64f * 6.283185307f;
  float cosine;
  const float sine = sincos(angle, &cosine);
  global float* a = AT(float, x, x_at) + row * x_stride + (interleaved ? 2 * pair : pair);
  const int apart = interleaved ? 1 : pairs;
  for (int head = 0; head < heads; ++head, a += head_dim) {
    const float first = a[0], second = a[apart];
    a[0] = first * cosine - second * sine;
    a[apart] = first * sine + second * cosine;
  }
}
