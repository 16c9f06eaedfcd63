// y = act(gate) * up in the order of glu_vectors.h. Items: (16 values of a row, row). gelu: the
// tanh form of Hendrycks and Gimpel, 2016.
#define GLU(FLOAT, GLU_OF, EXP)                                                 \
  inline FLOAT GLU_OF(FLOAT gate, FLOAT up, int gelu) {                         \
    if (!gelu) return gate / (1.0f + EXP(0.0f - gate)) * up;                    \
    const FLOAT cube = gate * gate * gate;                                      \
    const FLOAT u = -1.5957691216057308f * FMA((FLOAT)(0.044715f), cube, gate); \
    return gate / (1.0f + EXP(u)) * up;                                         \
  }
GLU(float, Glu, Exp)
GLU(float16, Glus, Exps)

kernel void glu(global char* gate, long gate_at, long gate_stride, global char* up, long up_at,
                long up_stride, global char* y, long y_at, long y_stride, int cols, int gelu) {
  const long row = get_global_id(1);
  const int first = get_global_id(0) * 16;
  if (first >= cols) return;
  const global float* pg = AT(float, gate, gate_at) + row * gate_stride + first;
  const global float* pu = AT(float, up, up_at) + row * up_stride + first;
  global float* py = AT(float, y, y_at) + row * y_stride + first;
  if (first + 16 <= cols) {
    vstore16(Glus(vload16(0, pg), vload16(0, pu), gelu), 0, py);
  } else {
    for (int i = 0; i < cols - first; ++i) py[i] = Glu(pg[i], pu[i], gelu);
  }
}
