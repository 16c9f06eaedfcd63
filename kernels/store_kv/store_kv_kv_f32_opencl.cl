// Writes rows of k and v to their slots of a paged cache. Items: (value of a row, row).
// SUFFIX, CACHE and CACHE_STORE name the type of the cache; the host concatenates this file once
// for each.
kernel void SUFFIX(store_kv)(global char* k, long k_at, long k_stride, global char* v, long v_at,
                             long v_stride, global char* slots, long slots_at, long slots_stride,
                             global char* k_cache, long k_cache_at, global char* v_cache,
                             long v_cache_at, int kv_heads, int head_dim, int block_tokens) {
  const int i = get_global_id(0);
  const long row = get_global_id(1);
  if (i >= kv_heads * head_dim) return;
  const int slot = AT(int, slots, slots_at)[row * slots_stride];
  const long block = slot / block_tokens, place = slot % block_tokens;
  const long head = i / head_dim, at = i % head_dim;
  const long to = ((block * kv_heads + head) * block_tokens + place) * head_dim + at;
  CACHE_STORE(AT(CACHE, k_cache, k_cache_at), to, AT(float, k, k_at)[row * k_stride + i]);
  CACHE_STORE(AT(CACHE, v_cache, v_cache_at), to, AT(float, v, v_at)[row * v_stride + i]);
}
