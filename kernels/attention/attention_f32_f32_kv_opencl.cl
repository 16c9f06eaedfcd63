// Causal grouped-query attention over the paged cache with a running maximum and sum (Milakov and
// Gimelshein, 2018), so that no score is kept beyond a chunk of tokens. SUFFIX, CACHE and
// CACHE_LOAD(S) name the cache's type; the host concatenates this file once for each.

#define HEAD_LIMIT 512

#define ATTENTION_ARGUMENTS                                                                        \
  global char *q, long q_at, long q_stride, global char *k_cache, long k_at, global char *v_cache, \
      long v_at, global char *positions, long positions_at, long positions_stride,                 \
      global char *sequences, long sequences_at, long sequences_stride, global char *table,        \
      long table_at, long table_stride, global char *y, long y_at, long y_stride, int heads,       \
      int kv_heads, int head_dim, int block_tokens, int window, float factor

#if !MOTLEY_GROUP

inline float SUFFIX(Dot)(const global float* q, const global CACHE* k, int n) {
  float16 sum = 0;
  int i = 0;
  for (; i + 16 <= n; i += 16) sum = FMA(vload16(0, q + i), CACHE_LOAD16(k, i), sum);
  float rest = Sum16(sum);
  for (; i < n; ++i) rest += q[i] * CACHE_LOAD(k, i);
  return rest;
}

// acc = acc * keep + weights of `count` tokens times their rows of v.
inline void SUFFIX(AddValues)(float* acc, float keep, const float* weights, const global CACHE* v,
                              int count, int n) {
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    float16 sum = vload16(0, acc + i) * keep;
    for (int t = 0; t < count; ++t) {
      sum = FMA((float16)(weights[t]), CACHE_LOAD16(v + (long)t * n, i), sum);
    }
    vstore16(sum, 0, acc + i);
  }
  for (; i < n; ++i) {
    float sum = acc[i] * keep;
    for (int t = 0; t < count; ++t) sum += weights[t] * CACHE_LOAD(v + (long)t * n, i);
    acc[i] = sum;
  }
}

// Items: (head, row). Chunks of up to 16 tokens of one cache block.
kernel void SUFFIX(attention)(ATTENTION_ARGUMENTS) {
  const long head = get_global_id(0), row = get_global_id(1);
  const long kv_head = head / (heads / kv_heads);
  const global float* pq = AT(float, q, q_at) + row * q_stride + head * head_dim;
  const int last = AT(int, positions, positions_at)[row * positions_stride];
  const long sequence = AT(int, sequences, sequences_at)[row * sequences_stride];
  const global int* blocks = AT(int, table, table_at) + sequence * table_stride;
  float acc[HEAD_LIMIT];
  for (int i = 0; i < head_dim; ++i) acc[i] = 0;
  float largest = -INFINITY, sum = 0;
  int token = window > 0 ? max(0, last - window + 1) : 0;
  while (token <= last) {
    const int place = token % block_tokens;
    const int count = min(min(block_tokens - place, 16), last + 1 - token);
    const long at =
        (((long)blocks[token / block_tokens] * kv_heads + kv_head) * block_tokens + place) *
        head_dim;
    const global CACHE* k = AT(CACHE, k_cache, k_at) + at;
    float scores[16];
    float peak = largest;
    for (int t = 0; t < 16; ++t) scores[t] = -INFINITY;
    for (int t = 0; t < count; ++t) {
      scores[t] = factor * SUFFIX(Dot)(pq, k + (long)t * head_dim, head_dim);
      peak = fmax(peak, scores[t]);
    }
    const float keep = exp(largest - peak);
    const float16 weights = exp(vload16(0, scores) - peak);
    vstore16(weights, 0, scores);
    sum = sum * keep + Sum16(weights);
    largest = peak;
    SUFFIX(AddValues)(acc, keep, scores, AT(CACHE, v_cache, v_at) + at, count, head_dim);
    token += count;
  }
  global float* py = AT(float, y, y_at) + row * y_stride + head * head_dim;
  for (int i = 0; i < head_dim; ++i) py[i] = acc[i] / sum;
}

#else

#define CHUNK 64

// Groups of CHUNK items: (head, row). An item scores one token of a chunk, then sums values of v.
kernel __attribute__((reqd_work_group_size(CHUNK, 1, 1))) void SUFFIX(attention)(
    ATTENTION_ARGUMENTS) {
  local float weights[CHUNK], reduced[CHUNK];
  local long places[CHUNK];
  const int lane = get_local_id(0);
  const long head = get_group_id(0), row = get_group_id(1);
  const long kv_head = head / (heads / kv_heads);
  const global float *pq = AT(float, q, q_at) + row * q_stride + head * head_dim;
  const int last = AT(int, positions, positions_at)[row * positions_stride];
  const long sequence = AT(int, sequences, sequences_at)[row * sequences_stride];
  const global int *blocks = AT(int, table, table_at) + sequence * table_stride;
  float acc[HEAD_LIMIT / CHUNK];
  for (int i = 0; i < HEAD_LIMIT / CHUNK; ++i) acc[i] = 0;
  float largest = -INFINITY, sum = 0;
  for (int first = window > 0 ? max(0, last - window + 1) : 0; first <= last; first += CHUNK) {
    const int count = min(CHUNK, last + 1 - first);
    const int token = first + min(lane, count - 1);
    const long at = (((long)blocks[token / block_tokens] * kv_heads + kv_head) * block_tokens +
                     token % block_tokens) *
                    head_dim;
    const global CACHE *k = AT(CACHE, k_cache, k_at) + at;
    float score = 0;
    for (int i = 0; i < head_dim; ++i) score = FMA(pq[i], CACHE_LOAD(k, i), score);
    score = lane < count ? score * factor : -INFINITY;
    places[lane] = at;
    reduced[lane] = score;
    barrier(CLK_LOCAL_MEM_FENCE);
    float peak = largest;
    for (int i = 0; i < CHUNK; ++i) peak = fmax(peak, reduced[i]);
    weights[lane] = exp(score - peak);
    barrier(CLK_LOCAL_MEM_FENCE);
    const float keep = exp(largest - peak);
    sum *= keep;
    for (int i = 0; i < CHUNK; ++i) sum += weights[i];
    largest = peak;
    for (int part = 0; part < HEAD_LIMIT / CHUNK; ++part) {
      const int i = part * CHUNK + lane;
      if (i >= head_dim) break;
      float value = acc[part] * keep;
      for (int t = 0; t < count; ++t) {
        value = FMA(weights[t], CACHE_LOAD(AT(CACHE, v_cache, v_at) + places[t], i), value);
      }
      acc[part] = value;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  global float *py = AT(float, y, y_at) + row * y_stride + head * head_dim;
  for (int part = 0; part < HEAD_LIMIT / CHUNK; ++part) {
    const int i = part * CHUNK + lane;
    if (i < head_dim) py[i] = acc[part] / sum;
  }
}

#endif
