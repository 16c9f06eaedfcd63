#pragma once
// Positive numbers by their size: 256 buckets per doubling from 2^-30 to 2^30, so that a percentile
// is at most 1/512 off, in 120 KiB however many numbers there are.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace motley::simulator {

class Histogram {
 public:
  Histogram() : counts_(kBuckets, 0) {}

  void Add(double value) {
    ++counts_[BucketOf(value)];
    ++count_;
    sum_ += value;
  }
  uint64_t count() const { return count_; }
  double Mean() const { return count_ ? sum_ / static_cast<double>(count_) : kNone; }

  // The smallest number that at least the share `part` of all do not exceed.
  double Quantile(double part) const {
    if (count_ == 0) return kNone;
    const double wanted = std::max(1.0, std::ceil(part * static_cast<double>(count_)));
    double below = 0;
    for (int bucket = 0; bucket < kBuckets; ++bucket) {
      below += static_cast<double>(counts_[bucket]);
      if (below >= wanted) return Middle(bucket);
    }
    return Middle(kBuckets - 1);
  }

 private:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  static constexpr int kParts = 8;  // bits of the mantissa that tell buckets apart
  static constexpr int kLowest = 1023 - 30, kDoublings = 60;
  static constexpr int kBuckets =
      (kDoublings << kParts) + 1;  // the first one: 0 and less than 2^-30

  static int BucketOf(double value) {
    if (!(value >= 0x1p-30)) return 0;
    const auto top = static_cast<int>(std::bit_cast<uint64_t>(value) >> (52 - kParts));
    return std::min(1 + top - (kLowest << kParts), kBuckets - 1);
  }
  static double Middle(int bucket) {
    if (bucket == 0) return 0;
    const uint64_t top = static_cast<uint64_t>(bucket - 1 + (kLowest << kParts));
    const auto low = std::bit_cast<double>(top << (52 - kParts));
    const auto high = std::bit_cast<double>((top + 1) << (52 - kParts));
    return (low + high) / 2;
  }

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  double sum_ = 0;
};

}  // namespace motley::simulator
