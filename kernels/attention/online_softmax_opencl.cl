// What the attention kernels share: the online softmax of flash_chunk.h in its order of operations,
// so that a device which fuses gives the bits of the CPU. Tiles of 64 positions and chunks of 256
// start at fixed positions; a tile's scores are chains over the head, its values chains over the
// positions; chunks merge in order. Scores are in units of log2.

#define ATTENTION_ARGUMENTS                                                                        \
  global char *q, long q_at, long q_stride, global char *k_cache, long k_at, global char *v_cache, \
      long v_at, global char *positions, long positions_at, long positions_stride,                 \
      global char *sequences, long sequences_at, long sequences_stride, global char *table,        \
      long table_at, long table_stride, global char *y, long y_at, long y_stride, int heads,       \
      int kv_heads, int head_dim, int block_tokens, int window, float factor, int rows

#define HEAD_LIMIT 512
#define TILE 64
#define CHUNK 256
#define NO_SCORE -1e30f  // finite, so that differences are never NaN
#define LOG2_E 1.44269504f

// Where the keys and values of (position, kv head) of a sequence start in a cache, in values.
inline long PlaceOf(const global int *blocks, int position, int kv_heads, long kv_head,
                    int block_tokens, int head_dim) {
  const long block = blocks[position / block_tokens], place = position % block_tokens;
  return ((block * kv_heads + kv_head) * block_tokens + place) * head_dim;
}

#if !MOTLEY_GROUP

#define SWAP_8(a, b) t = a, a = (float16)(t.lo, b.lo), b = (float16)(t.hi, b.hi)
#define SWAP_4(a, b)                                        \
  t = a, a = (float16)(t.s0123, b.s0123, t.s89ab, b.s89ab), \
  b = (float16)(t.s4567, b.s4567, t.scdef, b.scdef)
#define SWAP_2(a, b)                                                            \
  t = a, a = (float16)(t.s01, b.s01, t.s45, b.s45, t.s89, b.s89, t.scd, b.scd), \
  b = (float16)(t.s23, b.s23, t.s67, b.s67, t.sab, b.sab, t.sef, b.sef)
#define SWAP_1(a, b)                                                                          \
  t = a,                                                                                      \
  a = (float16)(t.s0, b.s0, t.s2, b.s2, t.s4, b.s4, t.s6, b.s6, t.s8, b.s8, t.sa, b.sa, t.sc, \
                b.sc, t.se, b.se),                                                            \
  b = (float16)(t.s1, b.s1, t.s3, b.s3, t.s5, b.s5, t.s7, b.s7, t.s9, b.s9, t.sb, b.sb, t.sd, \
                b.sd, t.sf, b.sf)

// rows[i] value j becomes rows[j] value i: halves, quarters, pairs, neighbours.
inline void Transpose(float16 *rows) {
  float16 t;
#pragma unroll
  for (int i = 0; i < 8; ++i) SWAP_8(rows[i], rows[i + 8]);
#pragma unroll
  for (int i = 0; i < 8; ++i) SWAP_4(rows[i + (i & 4)], rows[i + (i & 4) + 4]);
#pragma unroll
  for (int i = 0; i < 8; ++i) SWAP_2(rows[2 * i - (i & 1)], rows[2 * i - (i & 1) + 2]);
#pragma unroll
  for (int i = 0; i < 8; ++i) SWAP_1(rows[2 * i], rows[2 * i + 1]);
}

// A running softmax: the largest score, 16 chains of its sum, and values not yet divided by it.
typedef struct {
  float largest;
  float16 sums;
  float values[HEAD_LIMIT];
} Partial;

inline void Clear(Partial *p, int head_dim) {
  p->largest = NO_SCORE;
  p->sums = 0;
  for (int i = 0; i < head_dim; ++i) p->values[i] = 0;
}

// `into` += `from`, a chunk that follows it.
inline void Merge(Partial *into, const Partial *from, int head_dim) {
  if (from->largest == NO_SCORE) return;
  const float now = fmax(into->largest, from->largest);
  const float a = Exp2(into->largest - now), b = Exp2(from->largest - now);
  into->largest = now;
  into->sums = FMA(into->sums, (float16)(a), from->sums * b);
  for (int i = 0; i < head_dim; ++i) {
    into->values[i] = FMA(into->values[i], a, from->values[i] * b);
  }
}

// Lanes of 16 from `first_lane` on that lie in [low, high).
inline int16 LanesBetween(int first_lane, int low, int high) {
  const int16 lane = first_lane + (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return (lane >= low) & (lane < high);
}

// Scores of places [low, high) of a tile, low a multiple of 16, become weights: those outside
// [first, last) weigh 0. Returns the factor for what was summed before.
inline float Soften(Partial *p, float *scores, int low, int high, int first, int last) {
  float16 peaks = p->largest;
  for (int part = low; part < high; part += 16) {
    const float16 some = vload16(0, scores + part);
    peaks = fmax(peaks, LanesBetween(part, first, last) ? some : (float16)(NO_SCORE));
  }
  const float8 p8 = fmax(peaks.lo, peaks.hi);
  const float4 p4 = fmax(p8.lo, p8.hi);
  const float peak = fmax(fmax(p4.x, p4.y), fmax(p4.z, p4.w));
  const float keep = Exp2(p->largest - peak);
  p->largest = peak;
  p->sums *= keep;
  for (int part = low; part < high; part += 16) {
    const float16 weight = Exp2s(vload16(0, scores + part) - peak);
    const float16 seen = LanesBetween(part, first, last) ? weight : (float16)(0.0f);
    vstore16(seen, 0, scores + part);
    p->sums += seen;
  }
  return keep;
}

// What a work-item asks of the cache.
typedef struct {
  long kv_head;
  int kv_heads, head_dim, block_tokens, window;
  float unit;  // of a score, in the query
  const global int *blocks;
  const global int *positions;
  const global float *q;
  global float *y;
  long q_stride, y_stride, positions_stride;
} Asked;

// at[t] = where position start + t lies, for all sixteens of [low, high); places outside repeat one
// inside.
inline void FindPlaces(Asked s, int start, int low, int high, long *at) {
  for (int t = low; t < high; ++t) {
    at[t] = t > low && (start + t) % s.block_tokens
                ? at[t - 1] + s.head_dim
                : PlaceOf(s.blocks, start + t, s.kv_heads, s.kv_head, s.block_tokens, s.head_dim);
  }
  for (int t = low / 16 * 16; t < low; ++t) at[t] = at[low];
  for (int t = high; t % 16; ++t) at[t] = at[low];
}

#endif
