// y = a + b. Items: (16 values of a row, row).
kernel void add(global char* a, long a_at, long a_stride, global char* b, long b_at, long b_stride,
                global char* y, long y_at, long y_stride, int cols) {
  const long row = get_global_id(1);
  const int first = get_global_id(0) * 16;
  if (first >= cols) return;
  const global float* pa = AT(float, a, a_at) + row * a_stride + first;
  const global float* pb = AT(float, b, b_at) + row * b_stride + first;
  global float* py = AT(float, y, y_at) + row * y_stride + first;
  if (first + 16 <= cols) {
    vstore16(vload16(0, pa) + vload16(0, pb), 0, py);
  } else {
    for (int i = 0; i < cols - first; ++i) py[i] = pa[i] + pb[i];
  }
}
