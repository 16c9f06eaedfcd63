#include "scheduler/simulator/engine/recorder.h"

namespace motley::simulator {
namespace {

double Seconds(double us) { return us * 1e-6; }

Percentiles PercentilesOf(const Histogram& histogram) {
  return {histogram.Mean(), histogram.Quantile(0.5), histogram.Quantile(0.9),
          histogram.Quantile(0.99)};
}

}  // namespace

void Recorder::CountInSystem(double now_us, int change) {
  if (now_us > warmup_us_) {
    const double since = std::max(in_system_since_us_, warmup_us_);
    in_system_us_ += in_system_ * (now_us - since);
  }
  in_system_ += change;
  in_system_since_us_ = now_us;
}

void Recorder::Arrived(Flight& flight) {
  flight.counted = flight.arrived_us >= warmup_us_;
  requests_ += flight.counted ? 1 : 0;
  CountInSystem(flight.arrived_us, 1);
}

void Recorder::Token(Flight& flight, double now_us) {
  const bool counts = now_us >= warmup_us_;
  if (counts) ++tokens_;
  if (flight.first_us < 0) {
    if (counts) prompt_tokens_ += static_cast<uint64_t>(flight.prompt);
    if (flight.counted) ttft_s_.Add(Seconds(now_us - flight.arrived_us));
    flight.first_us = now_us;
  } else if (counts) {
    itl_s_.Add(Seconds(now_us - flight.last_us));
  }
  flight.last_us = now_us;
}

// A request's time between tokens is its mean: what the reader of a stream sees.
bool Recorder::Met(const Flight& flight) const {
  const double ttft_s = Seconds(flight.first_us - flight.arrived_us);
  if (slo_.ttft_s > 0 && ttft_s > slo_.ttft_s) return false;
  if (slo_.itl_s <= 0 || flight.output < 2) return true;
  return Seconds(flight.last_us - flight.first_us) / (flight.output - 1) <= slo_.itl_s;
}

void Recorder::Leave(double now_us) { CountInSystem(now_us, -1); }

void Recorder::Completed(const Flight& flight, double now_us) {
  Leave(now_us);
  if (!flight.counted) return;
  ++completed_;
  ++judged_;
  met_ += Met(flight) ? 1 : 0;
  e2e_s_.Add(Seconds(now_us - flight.arrived_us));
}

void Recorder::Failed(const Flight& flight, double now_us) {
  Leave(now_us);
  if (!flight.counted) return;
  ++failed_;
  ++judged_;
}

void Recorder::LeftOver(double arrived_us, double first_us, double now_us) {
  if (arrived_us < warmup_us_ || first_us >= 0 || slo_.ttft_s <= 0) return;
  // It cannot come in time any more.
  if (Seconds(now_us - arrived_us) > slo_.ttft_s) ++judged_;
}

void Recorder::Report(double end_us, SimulationResult& result) const {
  Recorder closed = *this;
  closed.CountInSystem(end_us, 0);
  result.requests = requests_;
  result.completed = completed_;
  result.failed = failed_;
  result.seconds = Seconds(std::max(0.0, end_us - warmup_us_));
  const double per_s = result.seconds > 0 ? 1 / result.seconds : 0;
  result.decode_tokens_per_s = static_cast<double>(tokens_) * per_s;
  result.prompt_tokens_per_s = static_cast<double>(prompt_tokens_) * per_s;
  result.goodput_rps = static_cast<double>(met_) * per_s;
  result.slo_attained = judged_ > 0 ? static_cast<double>(met_) / static_cast<double>(judged_) : 0;
  result.in_system = Seconds(closed.in_system_us_) * per_s;
  result.ttft_s = PercentilesOf(ttft_s_);
  result.itl_s = PercentilesOf(itl_s_);
  result.e2e_s = PercentilesOf(e2e_s_);
}

}  // namespace motley::simulator
