#include "scheduler/choose/trial.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace motley {
namespace {

constexpr double kFailed = std::numeric_limits<double>::infinity();
constexpr double kWarmUp = 0.1;      // of the time in which requests arrive
constexpr double kPrecision = 0.02;  // of the highest rate
constexpr double kLeastRate = 1e-5;  // one request in a day
constexpr int kMostDoublings = 20;
// A plan keeps up if the time between last arrival and last answer is short beside the arrivals'.
constexpr double kKeepsUp = 0.9;

}  // namespace

PlanTrial::PlanTrial(const MachineProfile& machine, const Workload& workload,
                     const Objective& objective, const Plan& plan, const ChooseOptions& options)
    : machine_(machine),
      workload_(workload),
      objective_(objective),
      plan_(plan),
      options_(options) {}

// The trace in the time its first `count` requests take at a rate.
std::vector<Arrival> PlanTrial::FromTrace(size_t count, double rate_rps) const {
  std::vector<Arrival> requests = options_.trace;
  requests.resize(std::min(requests.size(), count));
  const double from = requests.front().at_s, span = requests.back().at_s - from;
  const double rate_now = span > 0 ? static_cast<double>(requests.size() - 1) / span : 0;
  for (Arrival& request : requests) {
    request.at_s = rate_rps > 0 && rate_now > 0 ? (request.at_s - from) * rate_now / rate_rps : 0;
  }
  return requests;
}

Result<std::vector<Arrival>> PlanTrial::Requests(double rate_rps) const {
  const auto count = static_cast<size_t>(std::max(options_.requests, 1));
  if (!options_.trace.empty()) return FromTrace(count, rate_rps);
  using Fixed = LengthDistribution;
  const Lengths lengths{
      {Fixed::Kind::kFixed, static_cast<double>(std::max(objective_.prompt_tokens, 1))},
      {Fixed::Kind::kFixed, static_cast<double>(std::max(objective_.output_tokens, 1))}};
  ArrivalProcess process{ArrivalProcess::Kind::kOffline, 0, count};
  if (!(rate_rps > 0)) return DrawArrivals(process, lengths, 0, options_.seed);
  // More than enough of them in the time that so many take on average.
  process = {ArrivalProcess::Kind::kPoisson, rate_rps, 0};
  const double seconds = (2 * static_cast<double>(count) + 100) / rate_rps;
  std::vector<Arrival> requests = TRY(DrawArrivals(process, lengths, seconds, options_.seed));
  requests.resize(std::min(requests.size(), count));
  return requests;
}

Result<SimulationResult> PlanTrial::At(double rate_rps) const {
  const std::vector<Arrival> requests = TRY(Requests(rate_rps));
  SimulationOptions how;
  how.chunk_tokens = options_.chunk_tokens;
  how.prompt_tokens = objective_.prompt_tokens;
  how.slo = objective_.slo;
  how.warmup_seconds = kWarmUp * (requests.back().at_s - requests.front().at_s);
  return Simulate(machine_, workload_, plan_, requests, how);
}

Result<Contender> PlanTrial::Throughput() const {
  SimulationResult seen = TRY(At(0));
  const double value = seen.decode_tokens_per_s;
  return Contender{plan_, value, std::move(seen)};
}

// Doubles or halves the rate until one that is met and one that is not lie side by side, then
// halves what is between.
Result<Contender> PlanTrial::Goodput() const {
  Contender best{plan_, 0, {}};
  const auto met = [&](double rate) -> Result<bool> {
    SimulationResult seen = TRY(At(rate));
    if (seen.requests == 0 || seen.slo_attained < objective_.slo.quantile) return false;
    if (rate > best.value) best = {plan_, rate, std::move(seen)};
    return true;
  };
  double low = std::max(plan_.proof.value, kLeastRate), high = low;
  if (TRY(met(low))) {
    for (int i = 0; i < kMostDoublings && TRY(met(high *= 2)); ++i) low = high;
  } else {
    do {
      high = std::exchange(low, low / 2);
    } while (low >= kLeastRate && !TRY(met(low)));
  }
  while (low >= kLeastRate && high - low > kPrecision * low) {
    const double middle = (low + high) / 2;
    (TRY(met(middle)) ? low : high) = middle;
  }
  return best;
}

Result<Contender> PlanTrial::Cost() const {
  SimulationResult seen = TRY(At(objective_.rate_rps));
  const double tokens = seen.decode_tokens_per_s * seen.seconds;
  const double served = seen.seconds > 0 ? static_cast<double>(seen.completed) / seen.seconds : 0;
  const bool keeps_up = served >= kKeepsUp * objective_.rate_rps;
  const bool promised = objective_.slo.ttft_s > 0 || objective_.slo.itl_s > 0;
  const bool meets = !promised || seen.slo_attained >= objective_.slo.quantile;
  const double value = keeps_up && meets && tokens > 0 ? seen.energy_j / tokens : kFailed;
  return Contender{plan_, value, std::move(seen)};
}

Result<Contender> PlanTrial::Run() const {
  if (objective_.kind == ObjectiveKind::kThroughput) return Throughput();
  return objective_.kind == ObjectiveKind::kGoodput ? Goodput() : Cost();
}

}  // namespace motley
