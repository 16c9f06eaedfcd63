// y[m] = scale * table[ids[m]] from dense F32 rows. Items: (16 values, row).
kernel void get_rows_dense(global char* table, long table_at, long table_stride, global char* ids,
                           long ids_at, long ids_stride, global char* y, long y_at, long y_stride,
                           int cols, float factor) {
  const int first = get_global_id(0) * 16;
  const long row = get_global_id(1);
  if (first >= cols) return;
  const long id = AT(int, ids, ids_at)[row * ids_stride];
  const global float* from = AT(float, table, table_at) + id * table_stride + first;
  global float* to = AT(float, y, y_at) + row * y_stride + first;
  for (int i = 0; i < min(16, cols - first); ++i) to[i] = factor * from[i];
}
