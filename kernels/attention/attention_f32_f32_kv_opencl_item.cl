// Causal grouped-query attention over the paged cache on CPU threads. Items: (head, 8 rows): rows
// of one sequence go together (attend_rows_opencl.cl), a few one by one. The host concatenates this
// file once for each type of cache.
kernel void SUFFIX(attention)(ATTENTION_ARGUMENTS) {
  const long head = get_global_id(0);
  const int end = min((int)(get_global_id(1) + 1) * 8, rows);
  const global int* row_sequences = AT(int, sequences, sequences_at);
  Asked s;
  s.kv_head = head / (heads / kv_heads);
  s.kv_heads = kv_heads;
  s.head_dim = head_dim;
  s.block_tokens = block_tokens;
  s.window = window;
  s.unit = factor * LOG2_E;
  s.q_stride = q_stride;
  s.y_stride = y_stride;
  s.positions_stride = positions_stride;
  for (int row = get_global_id(1) * 8, count; row < end; row += count) {
    const long sequence = row_sequences[row * sequences_stride];
    count = 1;
    while (row + count < end && row_sequences[(row + count) * sequences_stride] == sequence) {
      ++count;
    }
    s.blocks = AT(int, table, table_at) + sequence * table_stride;
    s.q = AT(float, q, q_at) + row * q_stride + head * head_dim;
    s.y = AT(float, y, y_at) + row * y_stride + head * head_dim;
    s.positions = AT(int, positions, positions_at) + row * positions_stride;
    if (count < 3) {
      count = 1;
      SUFFIX(AttendOne)(s, AT(CACHE, k_cache, k_at), AT(CACHE, v_cache, v_at), 1);
    } else {
      SUFFIX(AttendEight)(s, AT(CACHE, k_cache, k_at), AT(CACHE, v_cache, v_at), count);
    }
  }
}
