#include <cmath>

#include "kernels/attention/attention.h"
#include "kernels/attention/paged.h"

namespace motley {
namespace {

float CacheValue(const Tensor& cache, int64_t index) {
  if (cache.type == TensorType::kF32) return Row(cache, 0)[index];
  return static_cast<float>(Row<_Float16>(cache, 0)[index]);
}

// `scores` holds a value per position up to the row's.
void AttendHead(const op::Attention<Tensor>& call, int64_t m, int64_t head, double* scores) {
  const int64_t kv_head = head / (call.heads / call.kv_heads);
  const int32_t* blocks = Row<int32_t>(call.block_table, Index(call.sequences, m));
  const int64_t last = Index(call.positions, m);
  const int64_t first = WindowStart(call, last);
  const float* q = Row(call.q, m) + head * call.head_dim;
  float* y = Row(call.y, m) + head * call.head_dim;
  double largest = -INFINITY;
  for (int64_t p = first; p <= last; ++p) {
    const int64_t at = PagedIndex(call, blocks, p, kv_head);
    double dot = 0;
    for (int i = 0; i < call.head_dim; ++i) {
      dot += static_cast<double>(q[i]) * CacheValue(call.k_cache, at + i);
    }
    scores[p - first] = dot * call.scale;
    largest = std::max(largest, scores[p - first]);
  }
  double sum = 0;
  for (int64_t i = 0; i <= last - first; ++i) sum += scores[i] = std::exp(scores[i] - largest);
  for (int i = 0; i < call.head_dim; ++i) {
    double value = 0;
    for (int64_t p = first; p <= last; ++p) {
      value +=
          scores[p - first] * CacheValue(call.v_cache, PagedIndex(call, blocks, p, kv_head) + i);
    }
    y[i] = static_cast<float>(value / sum);
  }
}

}  // namespace

void AttentionRef(const op::Attention<Tensor>& call, Team& team) {
  int64_t longest = 0;
  for (int64_t m = 0; m < call.q.rows; ++m) {
    longest = std::max<int64_t>(longest, Index(call.positions, m) + 1);
  }
  auto* scratch = reinterpret_cast<double*>(
      team.Scratch(static_cast<size_t>(longest * team.threads()) * sizeof(double)));
  const int64_t tasks = call.q.rows * call.heads;
  team.Run([&](int thread) {
    for (int64_t task = thread; task < tasks; task += team.threads()) {
      AttendHead(call, task / call.heads, task % call.heads, scratch + longest * thread);
    }
  });
}

}  // namespace motley
