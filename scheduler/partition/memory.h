#pragma once
// What a run of items needs on one device, and which runs fit. Pure, any thread. Bytes.
// A run [first, end) needs the weights of its items, a tied item's only where its twin is not in
// the run, and for each layer.* item kv_bytes_per_token_layer x context_tokens.

#include <string>
#include <vector>

#include "scheduler/workload.h"

namespace motley {

// The bytes of every run, in a table of (items + 1)^2.
class RunBytes {
 public:
  explicit RunBytes(const Workload& workload);
  // With streamed weights: those of the two largest items alone.
  static RunBytes Streamed(const Workload& workload);
  int items() const { return items_; }
  double operator()(int first, int end) const { return bytes_[first * (items_ + 1) + end]; }

 private:
  explicit RunBytes(int items)
      : items_(items), bytes_(static_cast<size_t>((items + 1) * (items + 1)), 0.0) {}

  int items_;
  std::vector<double> bytes_;
};

// The runs that fit on one device. For nearly every workload the starts that fit for an end are
// lo[end]..end-1, and lo never falls; starts below lo[end] that fit all the same (tied items whose
// twin lies far left) are in `extra`.
struct FittingRuns {
  std::vector<int> lo;                  // [end]; `end` itself when no run that ends there fits
  std::vector<std::vector<int>> extra;  // [end], or empty when there are none at all
  bool Fits(int first, int end) const;
  bool Any() const;
  bool operator==(const FittingRuns&) const = default;
};
FittingRuns RunsWithin(const RunBytes& bytes, double usable_bytes);

// FormatBytes() of a size that came from a file: whatever its magnitude.
std::string ShowBytes(double bytes);

}  // namespace motley
