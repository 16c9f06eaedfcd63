// Rounds rows of x to int8 in blocks of 32 for mul_mat. Items: (block, row). Writes per block the
// scale and the sums of values 0..15, 16..31 and of both, and the values: as floats when a CPU
// thread will multiply vectors by them (a block's sum of products stays below 2^24 and so is exact
// in float), else packed into words of four bytes.
kernel void quantize(global char* x, long x_at, long x_stride, int cols, global float4* scales,
                     global char* values) {
  const int block = get_global_id(0), blocks = cols / 32;
  const long row = get_global_id(1);
  if (block >= blocks) return;
  const global float* from = AT(float, x, x_at) + row * x_stride + block * 32;
  const float16 a = vload16(0, from), b = vload16(1, from);
  const float16 magnitude = fmax(fabs(a), fabs(b));
  const float8 m8 = fmax(magnitude.lo, magnitude.hi);
  const float4 m4 = fmax(m8.lo, m8.hi);
  const float largest = fmax(fmax(m4.x, m4.y), fmax(m4.z, m4.w));
  const int tiny = largest < 1e-30f;  // kQuantizeTiny of kernels/quantize
  const float d = tiny ? 0.0f : largest / 127.0f;
  const float inverse = tiny ? 0.0f : 127.0f / largest;
  const float16 qa = rint(a * inverse), qb = rint(b * inverse);
  const float low = Sum16(qa), high = Sum16(qb);
  scales[row * blocks + block] = (float4)(d, low, high, low + high);
  const long at = row * blocks + block;
#if MOTLEY_GROUP
  vstore16(convert_char16(qa), at * 2, values);
  vstore16(convert_char16(qb), at * 2 + 1, values);
#else
  vstore16(qa, at * 2, (global float*)values);
  vstore16(qb, at * 2 + 1, (global float*)values);
#endif
}
