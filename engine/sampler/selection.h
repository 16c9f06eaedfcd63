#pragma once
// The best of a vocabulary without sorting it. NaN counts as -infinity. "Best first" everywhere:
// larger values before smaller, at equal values lower ids first. `maxima` is BlockMaxima(values).
// Pure; any thread.

#include <cstdint>
#include <span>
#include <vector>

namespace motley {

struct Candidate {
  int32_t id = 0;
  float value = 0;
  bool operator<(const Candidate& other) const {  // better
    return value != other.value ? value > other.value : id < other.id;
  }
};

// The largest value, at the lowest id; {0, -infinity} when nothing is above -infinity.
Candidate Best(std::span<const float> values, std::span<const float> maxima);

// The `count` best above `floor`, best first; fewer when there are fewer.
std::vector<Candidate> BestOf(std::span<const float> values, std::span<const float> maxima,
                              size_t count, float floor);

// The last of the fewest best candidates whose values (not negative) add up to `sum` or more; the
// worst of all when nothing adds up to it. Linear in the expected case. `candidates` is not empty
// and is reordered.
Candidate Crossing(std::span<Candidate> candidates, double sum);

}  // namespace motley
