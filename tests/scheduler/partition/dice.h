#pragma once
// Random numbers for boxes: the same seed gives the same box.

#include <cstdint>
#include <random>

namespace motley {

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  int Int(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  double Real(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }
  bool Chance(double p) { return Real(0, 1) < p; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace motley
