// The type of the KV cache that the files after this one are compiled for: MOTLEY_KV 16 (F16) or 32
// (F32). The host concatenates it and its users once for each.
#undef SUFFIX
#undef CACHE
#undef CACHE_STORE
#undef CACHE_LOAD
#undef CACHE_LOAD16
#if MOTLEY_KV == 16
#define SUFFIX(name) name##_f16
#define CACHE half
// Clamped as on the CPU; NaN stays NaN.
#define CACHE_STORE(p, i, value) \
  vstore_half_rte((value) < -65504.0f ? -65504.0f : (value) > 65504.0f ? 65504.0f : (value), i, p)
#define CACHE_LOAD(p, i) vload_half(i, p)
#define CACHE_LOAD16(p, i) Half16(vload16(0, (const global ushort*)(p) + (i)))
#else
#define SUFFIX(name) name##_f32
#define CACHE float
#define CACHE_STORE(p, i, value) (p)[i] = (value)
#define CACHE_LOAD(p, i) (p)[i]
#define CACHE_LOAD16(p, i) vload16(0, (p) + (i))
#endif
