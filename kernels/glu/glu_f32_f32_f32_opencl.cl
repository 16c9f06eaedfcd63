// y = act(gate) * up. Items: (16 values of a row, row). gelu: the tanh form of Hendrycks and
// Gimpel, 2016.
#define GLU(T, name)                                                              \
  inline T name(T x, int gelu) {                                                  \
    if (!gelu) return x / (1.0f + exp(-x));                                       \
    return 0.5f * x * (1.0f + tanh(0.7978845608f * (x + 0.044715f * x * x * x))); \
  }
GLU(float16, Activate16)
GLU(float, Activate)

kernel void glu(global char* gate, long gate_at, long gate_stride, global char* up, long up_at,
                long up_stride, global char* y, long y_at, long y_stride, int cols, int gelu) {
  const long row = get_global_id(1);
  const int first = get_global_id(0) * 16;
  if (first >= cols) return;
  const global float* pg = AT(float, gate, gate_at) + row * gate_stride + first;
  const global float* pu = AT(float, up, up_at) + row * up_stride + first;
  global float* py = AT(float, y, y_at) + row * y_stride + first;
  if (first + 16 <= cols) {
    vstore16(Activate16(vload16(0, pg), gelu) * vload16(0, pu), 0, py);
  } else {
    for (int i = 0; i < cols - first; ++i) py[i] = Activate(pg[i], gelu) * pu[i];
  }
}
