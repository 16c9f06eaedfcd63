// y[m] = scale * table[ids[m]] from a weight tile. Items: (32 values, row). Needs
// MOTLEY_ITEM_ROWS 1.
kernel void get_rows(global char* table, long table_at, global char* ids, long ids_at,
                     long ids_stride, global char* y, long y_at, long y_stride, int cols,
                     float factor) {
  const int block = get_global_id(0);
  const long row = get_global_id(1);
  if (block * 32 >= cols) return;
  const int id = AT(int, ids, ids_at)[row * ids_stride];
  const int lane = id % LANES;
  global float* to = AT(float, y, y_at) + row * y_stride + block * 32;
#if MOTLEY_BITS
  const Tile tile = OpenTile(table + table_at, id / LANES, cols / 32);
  const float scale_unit = ScaleUnit(tile, block, lane);
  const float minimum = Minimum(tile, MinimumUnit(tile, block, lane), block, lane);
  for (int part = 0; part < 2; ++part) {
    const float scale = Scale(tile, scale_unit, block, part, lane);
    for (int step = 0; step < 4; ++step) {
      const uint quad = Quad(tile, block, part, step, lane);
      for (int byte = 0; byte < 4; ++byte) {
        const float q = AS_FLOATS((quad >> (8 * byte)) & 255u) - (float)MOTLEY_ZERO;
        to[part * 16 + step * 4 + byte] = factor * (scale * q + minimum);
      }
    }
  }
#else
  global const char* tile = table + table_at + id / LANES * TILE_BYTES(cols);
  for (int k = 0; k < min(32, cols - block * 32); ++k) {
    to[k] = factor * Plain(tile, block * 32 + k, lane);
  }
#endif
}
