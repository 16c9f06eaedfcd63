// Attention of ROWS (1 or 8) rows of one head and sequence over the paged cache, for CPU threads: a
// tile is read and turned once for all of them. Needs SUFFIX, CACHE and CACHE_LOAD(S); the host
// concatenates this file once for each type of cache and ROWS.

#undef MANY
#if ROWS == 1
#define MANY(name) SUFFIX(name##One)
#else
#define MANY(name) SUFFIX(name##Eight)
#endif

// scores[r] = the query of row r times the keys at 16 places.
inline void MANY(Score)(const float* query, const global CACHE* k, const long* at, int n,
                        float16* scores) {
#pragma unroll
  for (int r = 0; r < ROWS; ++r) scores[r] = 0;
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    float16 keys[16];
#pragma unroll
    for (int j = 0; j < 16; ++j) keys[j] = CACHE_LOAD16(k + at[j], i);
    Transpose(keys);
#pragma unroll
    for (int j = 0; j < 16; ++j) {
#pragma unroll
      for (int r = 0; r < ROWS; ++r) {
        scores[r] = FMA((float16)(query[r * HEAD_LIMIT + i + j]), keys[j], scores[r]);
      }
    }
  }
  for (; i < n; ++i) {
    float column[16];
    for (int j = 0; j < 16; ++j) column[j] = CACHE_LOAD(k + at[j], i);
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      scores[r] = FMA((float16)(query[r * HEAD_LIMIT + i]), vload16(0, column), scores[r]);
    }
  }
}

// values of row r = values * keep[r] + its weights of places [low, high) times their rows of v.
inline void MANY(AddValues)(Partial* p, const float* keep, const float* weights,
                            const global CACHE* v, const long* at, int low, int high, int n) {
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    float16 sums[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; ++r) sums[r] = vload16(0, p[r].values + i) * keep[r];
    for (int t = low; t < high; ++t) {
      const float16 value = CACHE_LOAD16(v + at[t], i);
#pragma unroll
      for (int r = 0; r < ROWS; ++r) {
        sums[r] = FMA((float16)(weights[r * TILE + t]), value, sums[r]);
      }
    }
#pragma unroll
    for (int r = 0; r < ROWS; ++r) vstore16(sums[r], 0, p[r].values + i);
  }
  for (; i < n; ++i) {
    for (int r = 0; r < ROWS; ++r) {
      float sum = p[r].values[i] * keep[r];
      for (int t = low; t < high; ++t) {
        sum = FMA(weights[r * TILE + t], CACHE_LOAD(v + at[t], i), sum);
      }
      p[r].values[i] = sum;
    }
  }
}

// One tile of which [low, high) is seen by some row, and [lows[r], highs[r]) by row r; `at` is
// right for all sixteens of [low, high).
inline void MANY(AttendTile)(Partial* p, const float* query, const global CACHE* k,
                             const global CACHE* v, const long* at, int low, int high,
                             const int* lows, const int* highs, int n) {
  float weights[ROWS * TILE], keep[ROWS];
  for (int part = low / 16 * 16; part < high; part += 16) {
    float16 scores[ROWS];
    MANY(Score)(query, k, at + part, n, scores);
#pragma unroll
    for (int r = 0; r < ROWS; ++r) vstore16(scores[r], 0, weights + r * TILE + part);
  }
  for (int r = 0; r < ROWS; ++r) {
    keep[r] = Soften(p + r, weights + r * TILE, low / 16 * 16, high, lows[r], highs[r]);
  }
  MANY(AddValues)(p, keep, weights, v, at, low, high, n);
}

// The rows from s.row on; beyond `count` they repeat the last.
inline void MANY(Attend)(Asked s, const global CACHE* k, const global CACHE* v, int count) {
  float query[ROWS * HEAD_LIMIT];
  Partial total[ROWS], chunk[ROWS];
  int firsts[ROWS], lasts[ROWS], first = INT_MAX, last = 0;
  for (int r = 0; r < ROWS; ++r) {
    const int row = min(r, count - 1);
    const global float* q = s.q + row * s.q_stride;
    for (int i = 0; i < s.head_dim; ++i) query[r * HEAD_LIMIT + i] = q[i] * s.unit;
    lasts[r] = s.positions[row * s.positions_stride];
    firsts[r] = s.window > 0 ? max(0, lasts[r] - s.window + 1) : 0;
    first = min(first, firsts[r]);
    last = max(last, lasts[r]);
    Clear(total + r, s.head_dim);
    Clear(chunk + r, s.head_dim);
  }
  for (int start = first / TILE * TILE; start <= last; start += TILE) {
    const int low = max(first - start, 0), high = min(last + 1 - start, TILE);
    long at[TILE];
    FindPlaces(s, start, low, high, at);
    int lows[ROWS], highs[ROWS];
    for (int r = 0; r < ROWS; ++r) {
      lows[r] = max(firsts[r] - start, 0);
      highs[r] = min(lasts[r] + 1 - start, TILE);
    }
    MANY(AttendTile)(chunk, query, k, v, at, low, high, lows, highs, s.head_dim);
    if ((start + TILE) % CHUNK != 0 && start + TILE <= last) continue;
    for (int r = 0; r < ROWS; ++r) {
      Merge(total + r, chunk + r, s.head_dim);
      Clear(chunk + r, s.head_dim);
    }
  }
  for (int r = 0; r < count; ++r) {
    const float inverse = 1.0f / Sum16(total[r].sums);
    for (int i = 0; i < s.head_dim; ++i) {
      s.y[r * s.y_stride + i] = total[r].values[i] * inverse;
    }
  }
}
