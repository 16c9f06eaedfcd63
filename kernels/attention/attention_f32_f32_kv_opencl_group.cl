// Causal grouped-query attention over the paged cache (online_softmax_opencl.cl), a head of a row
// per work-group. SUFFIX, CACHE and CACHE_LOAD name the cache's type; the host concatenates this
// file once for each.

#define PARTS (HEAD_LIMIT / TILE)

// Groups of TILE items: (head, row). An item scores one position of a tile, then sums values of v;
// the first 16 keep the chains of the sum.
kernel __attribute__((reqd_work_group_size(TILE, 1, 1))) void SUFFIX(attention)(
    ATTENTION_ARGUMENTS) {
  local float query[HEAD_LIMIT], weights[TILE], reduced[TILE];
  local long places[TILE];
  const int lane = get_local_id(0);
  const long head = get_group_id(0), row = get_group_id(1);
  const long kv_head = head / (heads / kv_heads);
  const global float *pq = AT(float, q, q_at) + row * q_stride + head * head_dim;
  const global CACHE *k = AT(CACHE, k_cache, k_at), *v = AT(CACHE, v_cache, v_at);
  const int last = AT(int, positions, positions_at)[row * positions_stride];
  const int first = window > 0 ? max(0, last - window + 1) : 0;
  const long sequence = AT(int, sequences, sequences_at)[row * sequences_stride];
  const global int *blocks = AT(int, table, table_at) + sequence * table_stride;
  const float unit = factor * LOG2_E;
  for (int i = lane; i < head_dim; i += TILE) query[i] = pq[i] * unit;
  float values[PARTS], total[PARTS];
  for (int i = 0; i < PARTS; ++i) values[i] = total[i] = 0;
  float largest = NO_SCORE, sum = 0, total_largest = NO_SCORE, total_sum = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int start = first / TILE * TILE; start <= last; start += TILE) {
    const int low = max(first - start, 0), high = min(last + 1 - start, TILE);
    const int seen = lane >= low && lane < high;
    const long at = PlaceOf(blocks, start + clamp(lane, low, high - 1), kv_heads, kv_head,
                            block_tokens, head_dim);
    float score = 0;
    for (int i = 0; i < head_dim; ++i) score = FMA(query[i], CACHE_LOAD(k + at, i), score);
    places[lane] = at;
    reduced[lane] = seen ? score : NO_SCORE;
    barrier(CLK_LOCAL_MEM_FENCE);
    float peak = largest;
    for (int i = 0; i < TILE; ++i) peak = fmax(peak, reduced[i]);
    weights[lane] = seen ? Exp2(score - peak) : 0.0f;
    barrier(CLK_LOCAL_MEM_FENCE);
    const float keep = Exp2(largest - peak);
    largest = peak;
    sum *= keep;
    for (int i = lane % 16; i < TILE; i += 16) sum += weights[i];
    for (int part = 0; part < PARTS; ++part) {
      const int i = part * TILE + lane;
      if (i >= head_dim) break;
      float value = values[part] * keep;
      for (int t = low; t < high; ++t) value = FMA(weights[t], CACHE_LOAD(v + places[t], i), value);
      values[part] = value;
    }
    if ((start + TILE) % CHUNK == 0 || start + TILE > last) {
      const float now = fmax(total_largest, largest);
      const float a = Exp2(total_largest - now), b = Exp2(largest - now);
      total_largest = now;
      total_sum = FMA(total_sum, a, sum * b);
      for (int part = 0; part < PARTS; ++part) {
        total[part] = FMA(total[part], a, values[part] * b);
        values[part] = 0;
      }
      largest = NO_SCORE;
      sum = 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  reduced[lane] = total_sum;
  barrier(CLK_LOCAL_MEM_FENCE);
  float16 sums = vload16(0, reduced);
  const float inverse = 1.0f / Sum16(sums);
  global float *py = AT(float, y, y_at) + row * y_stride + head * head_dim;
  for (int part = 0; part < PARTS; ++part) {
    const int i = part * TILE + lane;
    if (i < head_dim) py[i] = total[part] * inverse;
  }
}
