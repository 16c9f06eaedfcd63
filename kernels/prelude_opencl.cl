// What every OpenCL kernel of Motley starts with. OpenCL C 1.2 without extensions.
//
// -DMOTLEY_GROUP=0: for devices whose work-items are CPU threads: an item does a tile, a row or a
// head with vector types. -DMOTLEY_GROUP=1: for GPUs: a work-group shares it, neighbours read
// neighbouring words. -DMOTLEY_FMA=1 where the device fuses products and sums. Operands come as a
// buffer and a byte offset; strides are in values.

#pragma OPENCL FP_CONTRACT OFF

#if MOTLEY_FMA
#define FMA(a, b, c) fma(a, b, c)
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif

#define AT(type, buffer, offset) ((global type*)((buffer) + (offset)))

// Rows of a weight tile: the lanes of a vector, or sixteen neighbouring items of a group.
#define LANES 16

inline float Sum16(float16 v) {
  float8 a = v.lo + v.hi;
  float4 b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}

// binary16 bits to float in vector arithmetic: vload_half16 is sixteen scalar calls in PoCL.
inline float16 Half16(ushort16 bits) {
  uint16 wide = convert_uint16(bits);
  uint16 magnitude = (wide & 0x7fffu) << 13;
  uint16 special = as_uint16(as_int16(magnitude) >= (int16)0x0f800000) & 0x38000000u;
  float16 scaled = as_float16(magnitude) * 0x1p112f;
  return as_float16(as_uint16(scaled) | special | ((wide & 0x8000u) << 16));
}
