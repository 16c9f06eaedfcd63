#include "scheduler/partition/memory.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace motley {
namespace {

// The item that each tied item shares bytes with, -1 for the rest. Of two that name each other the
// later one is tied.
std::vector<int> Twins(const Workload& workload) {
  const int items = static_cast<int>(workload.items.size());
  std::vector<int> twins(items, -1);
  for (int i = 0; i < items; ++i) {
    if (workload.items[i].tied_with.empty()) continue;
    for (int j = 0; j < items; ++j) {
      if (j != i && workload.items[j].name == workload.items[i].tied_with) twins[i] = j;
    }
  }
  for (int i = 0; i < items; ++i) {
    if (twins[i] > i && twins[twins[i]] == i) twins[i] = -1;
  }
  return twins;
}

}  // namespace

RunBytes::RunBytes(const Workload& workload)
    : items_(static_cast<int>(workload.items.size())), bytes_((items_ + 1) * (items_ + 1), 0.0) {
  const std::vector<int> twins = Twins(workload);
  std::vector<std::vector<int>> tied_to(items_);
  for (int item = 0; item < items_; ++item) {
    if (twins[item] >= 0) tied_to[twins[item]].push_back(item);
  }
  const double kv = workload.kv_bytes_per_token_layer * workload.context_tokens;
  for (int first = 0; first < items_; ++first) {
    double total = 0;
    for (int item = first; item < items_; ++item) {
      const WorkloadItem& added = workload.items[item];
      const bool twin_inside = twins[item] >= first && twins[item] < item;
      if (!twin_inside) total += added.weight_bytes;
      for (const int tied : tied_to[item]) {
        if (tied >= first && tied < item) total -= workload.items[tied].weight_bytes;
      }
      if (added.IsLayer()) total += kv;
      bytes_[first * (items_ + 1) + item + 1] = total;
    }
  }
}

RunBytes RunBytes::Streamed(const Workload& workload) {
  RunBytes runs(static_cast<int>(workload.items.size()));
  const double kv = workload.kv_bytes_per_token_layer * workload.context_tokens;
  for (int first = 0; first < runs.items_; ++first) {
    double largest = 0, second = 0, cache = 0;
    for (int item = first; item < runs.items_; ++item) {
      const double weight = workload.items[item].weight_bytes;
      second = std::max(second, std::min(weight, largest));
      largest = std::max(largest, weight);
      if (workload.items[item].IsLayer()) cache += kv;
      runs.bytes_[first * (runs.items_ + 1) + item + 1] = largest + second + cache;
    }
  }
  return runs;
}

bool FittingRuns::Fits(int first, int end) const {
  if (first >= lo[end]) return first < end;
  return !extra.empty() && std::binary_search(extra[end].begin(), extra[end].end(), first);
}

bool FittingRuns::Any() const {
  for (size_t end = 1; end < lo.size(); ++end) {
    if (lo[end] < static_cast<int>(end) || (!extra.empty() && !extra[end].empty())) return true;
  }
  return false;
}

FittingRuns RunsWithin(const RunBytes& bytes, double usable_bytes) {
  const int items = bytes.items();
  FittingRuns runs;
  runs.lo.assign(items + 1, 0);
  for (int end = 1; end <= items; ++end) {
    int lo = end;
    while (lo > 0 && bytes(lo - 1, end) <= usable_bytes) --lo;
    runs.lo[end] = std::max(lo, runs.lo[end - 1]);
    for (int first = 0; first < runs.lo[end]; ++first) {
      if (first >= end || bytes(first, end) > usable_bytes) continue;
      if (runs.extra.empty()) runs.extra.resize(items + 1);
      runs.extra[end].push_back(first);
    }
  }
  return runs;
}

std::string ShowBytes(double bytes) {
  return FormatBytes(static_cast<uint64_t>(std::ceil(std::clamp(bytes, 0.0, 1e18))));
}

}  // namespace motley
