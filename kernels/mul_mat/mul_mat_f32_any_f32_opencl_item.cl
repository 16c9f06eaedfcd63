// y = x * weight^T, ROWS rows of x and a tile of 16 rows of the weight per work-item: the weight's
// rows are the lanes of a vector. Items: (tile, ROWS rows of x from first_row). The order of a
// value's additions depends on neither ROWS nor M. With MOTLEY_INTEGER x is what quantize wrote,
// and each dot product of a block is exact because it stays below 2^24; else x is plain floats.

#define ZERO_TOTAL(r) float16 total##r = 0;
#define ZERO_DOT(r) dot##r = 0;
#define DECLARE_DOT(r) float16 dot##r = 0;
#define MULTIPLY(r) dot##r = FMA(w, (float16)(x##r[k]), dot##r);
#define MULTIPLY_PLAIN(r) total##r = FMA(w, (float16)(x##r[k]), total##r);
#define ADD_DOT(r) total##r += dot##r;
#define ADD_SCALED(r)                                                        \
  {                                                                          \
    const float4 s = s##r[block];                                            \
    const float sum = SUM_OF(s, part);                                       \
    if (MOTLEY_ZERO) dot##r -= (float)MOTLEY_ZERO * sum;                     \
    total##r = FMA(dot##r * scale, (float16)(s.x), total##r);                \
    if (MOTLEY_MIN) total##r = FMA(minimum, (float16)(s.x * sum), total##r); \
  }
#define STORE(r) \
  if (first_row + r < rows) StoreTile(target, row##r, total##r);

#ifndef STORE_TILE
#define STORE_TILE
inline void StoreTile(Target t, long row, float16 total) {
  global float* y = t.y + row * t.y_stride;
  if (t.rows == LANES) {
    vstore16(t.bias ? total + vload16(0, t.bias) : total, 0, y);
    return;
  }
  float values[LANES];
  vstore16(total, 0, values);
  for (int i = 0; i < t.rows; ++i) y[i] = t.bias ? values[i] + t.bias[i] : values[i];
}
#endif

kernel void MUL_MAT(global char* x, long x_at, long x_stride, global const float4* scales,
                    int from_row, int rows, int cols, PRODUCTS) {
  const int number = get_global_id(0);
  const long first_row = from_row + (long)get_global_id(1) * ROWS;
  const Target target = PICK_TARGET(number);
  EACH(POINT)
  EACH(ZERO_TOTAL)
#if MOTLEY_BITS
  const int blocks = cols / 32;
  const Tile tile = OpenTile(target.weight, target.tile, blocks);
#if MOTLEY_INTEGER
  EACH(POINT_SCALES)
#endif
  float16 scale_unit, minimum_unit;
  for (int block = 0; block < blocks; ++block) {
    EACH(DECLARE_DOT)
    if (!MOTLEY_SUPER || block % 8 == 0) {
      scale_unit = ScaleUnit(tile, block, 0);
      minimum_unit = MinimumUnit(tile, block, 0);
    }
    const float16 minimum = Minimum(tile, minimum_unit, block, 0);
#pragma unroll
    for (int part = 0; part < 2; ++part) {
      const float16 scale = Scale(tile, scale_unit, block, part, 0);
#pragma unroll
      for (int step = 0; step < 4; ++step) {
        const uint16 quad = Quad(tile, block, part, step, 0);
#pragma unroll
        for (int byte = 0; byte < 4; ++byte) {
          const long k = (long)block * 32 + part * 16 + step * 4 + byte;
#if MOTLEY_INTEGER
          const float16 w = AS_FLOATS((quad >> (8 * byte)) & 255u);
#else
          const float16 q = AS_FLOATS((quad >> (8 * byte)) & 255u) - (float)MOTLEY_ZERO;
          const float16 w = scale * q + minimum;
#endif
          EACH(MULTIPLY)
        }
      }
#if MOTLEY_INTEGER
      if (MOTLEY_BITS == 6 || part == 1) {
        EACH(ADD_SCALED)
        EACH(ZERO_DOT)
      }
#endif
    }
#if !MOTLEY_INTEGER
    EACH(ADD_DOT)
#endif
  }
#else
  global const char* tile = target.weight + target.tile * TILE_BYTES(cols);
#pragma unroll 8
  for (long k = 0; k < cols; ++k) {
    const float16 w = Plain(tile, k, 0);
    EACH(MULTIPLY_PLAIN)
  }
#endif
  EACH(STORE)
}
#undef MUL_MAT
