#pragma once
// The requests that are on their way: begun and not answered. Numbers of answered ones are used
// again, so that memory grows with what is in flight, not with what was.

#include <vector>

namespace motley::simulator {

inline constexpr double kNever = -1;

struct Flight {
  double arrived_us = 0;
  double began_us = kNever;  // its first step
  double first_us = kNever;  // its first token, as the client is told
  double last_us = kNever;   // its latest one
  int prompt = 0, output = 0;
  int emitted = 0;               // tokens that were sampled
  double last_step_us = kNever;  // the prefill pool was done with it
  int from_replica = -1;         // the one of the prefill pool that computed its KV memory
  bool counted = false;          // arrived after the warm-up

  int context() const { return prompt + emitted; }
  int left() const { return output - emitted; }
};

class Flights {
 public:
  int Add(const Flight& flight) {
    ++count_;
    if (free_.empty()) {
      flights_.push_back(flight);
      return static_cast<int>(flights_.size()) - 1;
    }
    const int number = free_.back();
    free_.pop_back();
    flights_[number] = flight;
    return number;
  }
  void Remove(int number) {
    --count_;
    free_.push_back(number);
  }
  Flight& operator[](int number) { return flights_[number]; }
  const Flight& operator[](int number) const { return flights_[number]; }
  int count() const { return count_; }

 private:
  std::vector<Flight> flights_;
  std::vector<int> free_;
  int count_ = 0;
};

}  // namespace motley::simulator
