#include "scheduler/replan/move.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <utility>

namespace motley {
namespace {

constexpr double kNearlyBest = 0.03;

using Holdings = std::map<std::string, std::set<int>>;  // device -> items whose weights it keeps

Holdings HeldBy(const Plan& plan) {
  Holdings held;
  for (const Pool& pool : plan.pools) {
    for (const Replica& replica : pool.replicas) {
      for (const Stage& stage : replica.stages) {
        for (int item = stage.first_item; item <= stage.last_item; ++item) {
          held[stage.device].insert(item);
        }
      }
    }
  }
  return held;
}

double LinkSeconds(const MachineProfile& machine, const std::string& to, double bytes,
                   double disk_bytes_per_s) {
  double rate = machine.Link("host", to).bytes_per_s;
  if (disk_bytes_per_s > 0) rate = rate > 0 ? std::min(rate, disk_bytes_per_s) : disk_bytes_per_s;
  return rate > 0 ? bytes / rate : 0;
}

std::string Text(const char* format, double a, double b) {
  char text[160];
  std::snprintf(text, sizeof text, format, a, b);
  return text;
}

}  // namespace

Moved WhatMoves(const MachineProfile& machine, const Workload& workload, const Plan& from,
                const Plan& to, double live_tokens, double disk_bytes_per_s) {
  Moved moved;
  const Holdings before = HeldBy(from), after = HeldBy(to);
  for (const auto& [device, items] : after) {
    const auto held = before.find(device);
    double weights = 0, kv = 0;
    for (const int item : items) {
      if (held != before.end() && held->second.contains(item)) continue;
      const WorkloadItem& what = workload.items.at(static_cast<size_t>(item));
      weights += what.weight_bytes;
      if (what.IsLayer()) kv += workload.kv_bytes_per_token_layer * live_tokens;
    }
    moved.weight_bytes += weights;
    moved.kv_bytes += kv;
    moved.seconds += LinkSeconds(machine, device, weights, disk_bytes_per_s) +
                     LinkSeconds(machine, device, kv, 0);
  }
  return moved;
}

size_t PreferFewestMoves(const MachineProfile& machine, const Workload& workload,
                         const Plan& current, const std::vector<Plan>& plans,
                         const std::vector<double>& rates) {
  const double best = *std::max_element(rates.begin(), rates.end());
  size_t chosen = 0;
  double fewest = -1;
  for (size_t i = 0; i < plans.size(); ++i) {
    if (rates[i] < best * (1 - kNearlyBest)) continue;
    const Moved moved = WhatMoves(machine, workload, current, plans[i], 0, 0);
    const bool fewer = fewest < 0 || moved.weight_bytes < fewest ||
                       (moved.weight_bytes == fewest && rates[i] > rates[chosen]);
    if (!fewer) continue;
    fewest = moved.weight_bytes;
    chosen = i;
  }
  return chosen;
}

MoveJudge::MoveJudge(int64_t now_ns, std::string serving)
    : serving_(std::move(serving)), moved_at_ns_(now_ns), workload_since_ns_(now_ns) {}

MoveVerdict MoveJudge::Judge(int64_t now_ns, const MoveOffer& offer) const {
  if (offer.to == serving_) return {false, "it is the plan that serves"};
  if (offer.cannot_serve) return {true, "the plan that serves needs a device that is gone"};
  const double ease = offer.slo_missed ? 0.5 : 1;
  const auto dwell = static_cast<int64_t>(ease * static_cast<double>(dwell_ns_));
  if (now_ns - moved_at_ns_ < dwell) {
    return {false, Text("moved %.0f s ago, stays for %.0f s",
                        static_cast<double>(now_ns - moved_at_ns_) * 1e-9,
                        static_cast<double>(dwell) * 1e-9)};
  }
  if (!(offer.rate_now > 0)) return {offer.rate_new > 0, "the plan that serves does not get on"};
  const double gain = offer.rate_new / offer.rate_now - 1;
  const double least = ease * std::max(kLeastGain, kSigmas * offer.sigma);
  if (!(gain > least)) {
    return {false, Text("gains %.1f %%, must be over %.1f %%", 100 * gain, 100 * least)};
  }
  const double horizon_s =
      static_cast<double>(std::min(kHorizonNs, now_ns - workload_since_ns_)) * 1e-9;
  if (!(gain * horizon_s > ease * kPayback * offer.move_s)) {
    return {false, Text("gains %.1f s of work while load is likely to stay as it is, moving takes "
                        "%.1f s",
                        gain * horizon_s, offer.move_s)};
  }
  return {true, Text("gains %.1f %%, moving takes %.1f s", 100 * gain, offer.move_s)};
}

void MoveJudge::Moved(int64_t now_ns, const std::string& to) {
  const bool reversal = to == before_;
  dwell_ns_ = reversal && dwell_ns_ > 0 ? std::min(2 * dwell_ns_, kLongestDwellNs) : kFirstDwellNs;
  before_ = std::exchange(serving_, to);
  moved_at_ns_ = now_ns;
}

}  // namespace motley
