// y = x * weight^T, ROWS rows of x and a tile of 16 rows of the weight per work-group: neighbouring
// items take the tile's rows and so read neighbouring words, SLICES sixteens of items share the
// blocks of k, and their sums meet in local memory. Groups: (tile, ROWS rows of x from first_row).
// The order of a value's additions depends on neither ROWS nor M. With MOTLEY_INTEGER x is what
// quantize wrote (x_stride in words of four bytes), else plain floats.

#define SLICES 8
#define ZERO_TOTAL(r) float total##r = 0;
#define DECLARE_DOT(r) int dot##r = 0;
#define POINT_WORDS(r) const global uint* q##r = (const global uint*)x##r;
#define MULTIPLY_BYTES(r) dot##r += DotBytes(quad, q##r[block * 8 + part * 4 + step]);
#define MULTIPLY(r) total##r = FMA(w, x##r[k], total##r);
#define ADD_SCALED(r)                                             \
  {                                                               \
    const float4 s = s##r[block];                                 \
    const float sum = SUM_OF(s, part);                            \
    const float exact = (float)dot##r - (float)MOTLEY_ZERO * sum; \
    total##r = FMA(exact * scale, s.x, total##r);                 \
    if (MOTLEY_MIN) total##r = FMA(minimum, s.x * sum, total##r); \
    dot##r = 0;                                                   \
  }
#define SHARE(r) sums[r][slice][lane] = total##r;

#ifndef DOT_BYTES
#define DOT_BYTES
inline int DotBytes(uint unsigned_bytes, uint signed_bytes) {
  const int4 p = convert_int4(as_uchar4(unsigned_bytes)) * convert_int4(as_char4(signed_bytes));
  return p.x + p.y + p.z + p.w;
}
#endif

kernel __attribute__((reqd_work_group_size(LANES * SLICES, 1, 1))) void MUL_MAT(
    global char* x, long x_at, long x_stride, global const float4* scales, int from_row, int rows,
    int cols, PRODUCTS) {
  local float sums[ROWS][SLICES][LANES];
  const int lane = get_local_id(0) % LANES, slice = get_local_id(0) / LANES;
  const int number = get_group_id(0);
  const long first_row = from_row + (long)get_group_id(1) * ROWS;
  const Target target = PICK_TARGET(number);
  EACH(POINT)
  EACH(ZERO_TOTAL)
#if MOTLEY_BITS
  const int blocks = cols / 32;
  const Tile tile = OpenTile(target.weight, target.tile, blocks);
#if MOTLEY_INTEGER
  EACH(POINT_SCALES)
  EACH(POINT_WORDS)
  EACH(DECLARE_DOT)
#endif
  for (int block = slice; block < blocks; block += SLICES) {
    const float scale_unit = ScaleUnit(tile, block, lane);
    const float minimum = Minimum(tile, MinimumUnit(tile, block, lane), block, lane);
    for (int part = 0; part < 2; ++part) {
      const float scale = Scale(tile, scale_unit, block, part, lane);
#pragma unroll
      for (int step = 0; step < 4; ++step) {
        const uint quad = Quad(tile, block, part, step, lane);
#if MOTLEY_INTEGER
        EACH(MULTIPLY_BYTES)
#else
#pragma unroll
        for (int byte = 0; byte < 4; ++byte) {
          const long k = (long)block * 32 + part * 16 + step * 4 + byte;
          const float w =
              scale * (AS_FLOATS((quad >> (8 * byte)) & 255u) - (float)MOTLEY_ZERO) + minimum;
          EACH(MULTIPLY)
        }
#endif
      }
#if MOTLEY_INTEGER
      if (MOTLEY_BITS == 6 || part == 1) {
        EACH(ADD_SCALED)
      }
#endif
    }
  }
#else
  global const char* tile = target.weight + target.tile * TILE_BYTES(cols);
  for (int block = slice * 32; block < cols; block += SLICES * 32) {
    const int end = min(block + 32, cols);
    for (int k = block; k < end; ++k) {
      const float w = Plain(tile, k, lane);
      EACH(MULTIPLY)
    }
  }
#endif
  EACH(SHARE)
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = get_local_id(0); i < ROWS * LANES; i += LANES * SLICES) {
    const int r = i / LANES, column = i % LANES;
    if (first_row + r >= rows || column >= target.rows) continue;
    float sum = target.bias ? target.bias[column] : 0.0f;
    for (int s = 0; s < SLICES; ++s) sum += sums[r][s][column];
    target.y[(first_row + r) * target.y_stride + column] = sum;
  }
}
#undef MUL_MAT
