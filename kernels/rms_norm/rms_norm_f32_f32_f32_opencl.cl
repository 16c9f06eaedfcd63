// y = x / sqrt(mean(x^2) + eps) * weight over runs of `width`. y may be x. The order of the sum is
// that of rms_norm_vectors.h: 64 chains, then halves.
#if !MOTLEY_GROUP

// Items: (run of a row, row).
kernel void rms_norm(global char* x, long x_at, long x_stride, global char* weight, long weight_at,
                     global char* y, long y_at, long y_stride, int width, float eps) {
  const long run = get_global_id(0), row = get_global_id(1);
  const global float* px = AT(float, x, x_at) + row * x_stride + run * width;
  const global float* pw = AT(float, weight, weight_at);
  global float* py = AT(float, y, y_at) + row * y_stride + run * width;
  float16 s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  int i = 0;
  for (; i + 64 <= width; i += 64) {
    const float16 a = vload16(0, px + i), b = vload16(1, px + i);
    const float16 c = vload16(2, px + i), d = vload16(3, px + i);
    s0 = FMA(a, a, s0);
    s1 = FMA(b, b, s1);
    s2 = FMA(c, c, s2);
    s3 = FMA(d, d, s3);
  }
  if (i < width) {
    float rest[64];
    for (int j = 0; j < 64; ++j) rest[j] = i + j < width ? px[i + j] : 0.0f;
    const float16 a = vload16(0, rest), b = vload16(1, rest);
    const float16 c = vload16(2, rest), d = vload16(3, rest);
    s0 = FMA(a, a, s0);
    s1 = FMA(b, b, s1);
    s2 = FMA(c, c, s2);
    s3 = FMA(d, d, s3);
  }
  const float sum = Sum16((s0 + s2) + (s1 + s3));
  const float scale = 1.0f / sqrt(sum / (float)width + eps);
  for (i = 0; i + 16 <= width; i += 16) {
    vstore16(vload16(0, px + i) * scale * vload16(0, pw + i), 0, py + i);
  }
  for (; i < width; ++i) py[i] = px[i] * scale * pw[i];
}

#else

// Groups of 64: (run of a row, row).
kernel __attribute__((reqd_work_group_size(64, 1, 1))) void rms_norm(
    global char* x, long x_at, long x_stride, global char* weight, long weight_at, global char* y,
    long y_at, long y_stride, int width, float eps) {
  local float part[64];
  const int lane = get_local_id(0);
  const long run = get_group_id(0), row = get_group_id(1);
  const global float* px = AT(float, x, x_at) + row * x_stride + run * width;
  const global float* pw = AT(float, weight, weight_at);
  global float* py = AT(float, y, y_at) + row * y_stride + run * width;
  float sum = 0;
  for (int i = lane; i < width; i += 64) sum = FMA(px[i], px[i], sum);
  part[lane] = sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int half_width = 32; half_width > 0; half_width >>= 1) {
    if (lane < half_width) part[lane] += part[lane + half_width];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  const float scale = 1.0f / sqrt(part[0] / (float)width + eps);
  for (int i = lane; i < width; i += 64) py[i] = px[i] * scale * pw[i];
}

#endif
