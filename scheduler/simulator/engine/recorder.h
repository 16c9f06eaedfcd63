#pragma once
// What a run is about: latencies, tokens, objectives met. Owned by the simulation.

#include "scheduler/simulator/engine/flights.h"
#include "scheduler/simulator/engine/histogram.h"
#include "scheduler/simulator/simulator.h"

namespace motley::simulator {

class Recorder {
 public:
  Recorder(const Slo& slo, double warmup_us) : slo_(slo), warmup_us_(warmup_us) {}

  void Arrived(Flight& flight);
  // The client is told a token. Tokens of the warm-up are not counted.
  void Token(Flight& flight, double now_us);
  void Completed(const Flight& flight, double now_us);
  void Failed(const Flight& flight, double now_us);
  // Of one that is neither at the end of the run.
  void LeftOver(double arrived_us, double first_us, double now_us);
  // Everything that it knows; `end_us` is when the run ended.
  void Report(double end_us, SimulationResult& result) const;

 private:
  void Leave(double now_us);
  void CountInSystem(double now_us, int change);
  bool Met(const Flight& flight) const;

  const Slo slo_;
  const double warmup_us_;
  Histogram ttft_s_, itl_s_, e2e_s_;
  uint64_t requests_ = 0, completed_ = 0, failed_ = 0, met_ = 0, judged_ = 0;
  uint64_t tokens_ = 0, prompt_tokens_ = 0;
  double in_system_ = 0, in_system_us_ = 0, in_system_since_us_ = 0;
};

}  // namespace motley::simulator
