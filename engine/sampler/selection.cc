#include "engine/sampler/selection.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "engine/sampler/softmax.h"

namespace motley {
namespace {

// A value that at least `count` of the values reach: that many blocks have a maximum no smaller.
float Threshold(std::span<const float> maxima, size_t count, float floor) {
  if (count >= maxima.size()) return floor;
  std::vector<float> sorted(maxima.begin(), maxima.end());
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(sorted.begin(), nth, sorted.end(), std::greater<>());
  return std::max(*nth, floor);
}

}  // namespace

Candidate Best(std::span<const float> values, std::span<const float> maxima) {
  const auto block = std::max_element(maxima.begin(), maxima.end());
  if (block == maxima.end() || *block == -std::numeric_limits<float>::infinity()) {
    return {0, -std::numeric_limits<float>::infinity()};
  }
  size_t id = static_cast<size_t>(block - maxima.begin()) * kBlock;
  while (values[id] != *block) ++id;
  return {static_cast<int32_t>(id), *block};
}

std::vector<Candidate> BestOf(std::span<const float> values, std::span<const float> maxima,
                              size_t count, float floor) {
  std::vector<Candidate> found;
  if (count == 0) return found;
  const float threshold = Threshold(maxima, count, floor);
  for (size_t block = 0; block < maxima.size(); ++block) {
    if (maxima[block] < threshold) continue;
    const size_t end = std::min(values.size(), (block + 1) * kBlock);
    for (size_t id = block * kBlock; id < end; ++id) {
      if (values[id] >= threshold && values[id] > floor) {
        found.push_back({static_cast<int32_t>(id), values[id]});
      }
    }
  }
  if (found.size() > count) {
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(count);
    std::nth_element(found.begin(), end, found.end());
    found.resize(count);
  }
  std::sort(found.begin(), found.end());
  return found;
}

Candidate Crossing(std::span<Candidate> candidates, double sum) {
  while (candidates.size() > 1) {
    const size_t half = candidates.size() / 2;
    std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(half),
                     candidates.end());
    double better = 0;
    for (const Candidate& candidate : candidates.first(half)) better += candidate.value;
    if (better >= sum) {
      candidates = candidates.first(half);
    } else {
      sum -= better;
      candidates = candidates.subspan(half);
    }
  }
  return candidates.front();
}

}  // namespace motley
