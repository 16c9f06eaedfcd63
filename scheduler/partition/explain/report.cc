#include "scheduler/partition/explain/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Values closer than this are equal: the sums behind them were rounded in another order.
constexpr double kTolerance = 1e-12;

void AddAlternative(const Solved& solved, int state, const std::string& change, Plan& plan) {
  if (state == 0) return;
  const auto evaluated = EvaluatePriced(solved.machine, solved.workload, solved.objective,
                                        solved.costs, StagesOf(solved, state));
  if (!evaluated.ok()) return;
  plan.alternatives.push_back(
      {change, evaluated->pools, evaluated->predicted, evaluated->proof.value});
}

// Groups come last; what is said of their members is said of them.
int PlainClasses(const Problem& problem) {
  int plain = 0;
  for (const DeviceClass& device : problem.classes) plain += device.parts.empty() ? 1 : 0;
  return plain;
}

std::string WhyNothingFits(const Solved& solved, const DeviceClass& device) {
  if (AnyRunFits(device)) return "no placement that gives it an item fits in memory";
  const RunBytes bytes(solved.workload);
  double smallest = kInfinity;
  for (int i = 0; i < bytes.items(); ++i) smallest = std::min(smallest, bytes(i, i + 1));
  const double usable = solved.machine.devices[device.members[0]].usable_bytes;
  return "no item fits: the smallest needs " + ShowBytes(smallest) + ", " + ShowBytes(usable) +
         " usable";
}

std::string WhyUnused(const Solved& solved, int cls, int used, double value,
                      const std::string& id) {
  const int with = BestState(solved, cls, used + 1, INT32_MAX);
  if (with == 0) return WhyNothingFits(solved, solved.problem.classes[cls]);
  const double best = solved.finals[with];
  if (best - value <= 1e-9 * value) {
    return "adding " + id + " gains nothing: best plan with it " + FormatMicroseconds(best);
  }
  const bool latency = solved.problem.kind == ObjectiveKind::kLatency;
  return "adding " + id + " would cost " + FormatMicroseconds(best - value) + " more per " +
         (latency ? "request" : "token of the slowest stage") + ": best plan with it " +
         FormatMicroseconds(best);
}

// Placements that differ from the plan by one item over one boundary, or have everything on one
// device.
std::vector<std::pair<std::vector<DeviceRun>, int>> Neighbours(const std::vector<DeviceRun>& runs,
                                                               int devices, int items) {
  std::vector<std::pair<std::vector<DeviceRun>, int>> out;  // runs, the device that gains
  for (size_t i = 0; i + 1 < runs.size(); ++i) {
    for (const int shift : {-1, 1}) {
      auto moved = runs;
      moved[i].last += shift;
      moved[i + 1].first += shift;
      if (moved[i].last < moved[i].first || moved[i + 1].last < moved[i + 1].first) continue;
      out.emplace_back(moved, shift > 0 ? runs[i].device : runs[i + 1].device);
    }
  }
  for (int device = 0; device < devices; ++device) {
    out.push_back({{{device, 0, items - 1}}, device});
  }
  return out;
}

// Of the whole value, or of the slowest stage alone where only that one counts.
std::string LargestPart(const Solved& solved, const std::vector<DeviceRun>& runs) {
  const auto prices = PriceRuns(solved.costs, solved.objective, runs);
  const auto stage_us = [&](size_t i) { return prices[i].compute_us + prices[i].boundary_us; };
  const auto name = [&](size_t i) { return solved.machine.devices[runs[i].device].id; };
  size_t slowest = 0;
  for (size_t i = 1; i < prices.size(); ++i) {
    if (stage_us(i) > stage_us(slowest)) slowest = i;
  }
  double largest = -1;
  std::string part;
  for (size_t i = 0; i < prices.size(); ++i) {
    if (solved.problem.kind == ObjectiveKind::kBottleneck && i != slowest) continue;
    if (prices[i].compute_us > largest) {
      largest = prices[i].compute_us;
      part = name(i) + " compute";
    }
    if (prices[i].boundary_us > largest) {
      largest = prices[i].boundary_us;
      part = "link " + name(i - 1) + "->" + name(i);
    }
  }
  return part;
}

bool FitsMemory(const Solved& solved, const std::vector<DeviceRun>& runs) {
  return std::all_of(runs.begin(), runs.end(), [&](const DeviceRun& run) {
    return StageMemory(solved.workload, run.first, run.last, run.mode) <=
           solved.machine.devices[run.device].usable_bytes;
  });
}

// The device whose memory stands in the way of the best neighbour, or -1.
int MemoryBound(const Solved& solved, const std::vector<DeviceRun>& runs, double value) {
  double best = value * (1 - 1e-9);
  int bound = -1;
  const int devices = static_cast<int>(solved.machine.devices.size());
  for (const auto& [moved, gaining] : Neighbours(runs, devices, solved.problem.items)) {
    const double other =
        ValueOf(solved.objective.kind, PriceRuns(solved.costs, solved.objective, moved));
    if (other < best && !FitsMemory(solved, moved)) {
      best = other;
      bound = gaining;
    }
  }
  return bound;
}

}  // namespace

std::string FormatMicroseconds(double us) {
  char text[32];
  if (us >= 1e6) {
    std::snprintf(text, sizeof text, "%.2f s", us * 1e-6);
  } else if (us >= 1e3) {
    std::snprintf(text, sizeof text, "%.1f ms", us * 1e-3);
  } else {
    std::snprintf(text, sizeof text, "%.3g us", us);
  }
  return text;
}

bool AnyRunFits(const DeviceClass& device) {
  return std::any_of(device.ways.begin(), device.ways.end(),
                     [](const Way& way) { return way.runs.Any(); });
}

std::vector<Stage> StagesOf(const Solved& solved, int state) {
  std::vector<size_t> taken(solved.problem.classes.size(), 0);
  std::vector<Stage> stages;
  for (const ClassRun& run : solved.table.Trace(state)) {
    const int member = solved.problem.classes[run.cls].members[taken[run.cls]++];
    const Way* way = BestWay(solved.problem.classes[run.cls], run.first, run.end);
    stages.push_back({solved.machine.devices[member].id, run.first, run.end - 1,
                      way ? way->mode : StageMode::kResident});
  }
  return stages;
}

int BestState(const Solved& solved, int cls, int at_least, int at_most) {
  double best = kInfinity;
  const auto allowed = [&](int state) {
    if (!(solved.finals[state] < kInfinity)) return false;
    if (cls < 0) return true;
    const int count = solved.table.Count(state, cls);
    return count >= at_least && count <= at_most;
  };
  for (int state = 1; state < solved.table.states(); ++state) {
    if (allowed(state)) best = std::min(best, solved.finals[state]);
  }
  int chosen = 0, fewest = INT32_MAX;
  for (int state = 1; state < solved.table.states(); ++state) {
    if (!allowed(state) || solved.finals[state] > best + kTolerance * best) continue;
    if (const int used = solved.table.Used(state); used < fewest) {
      fewest = used;
      chosen = state;
    }
  }
  return chosen;
}

void ExplainUnused(const Solved& solved, int chosen, Plan& plan) {
  for (int cls = 0; cls < PlainClasses(solved.problem); ++cls) {
    const auto& members = solved.problem.classes[cls].members;
    const int used = solved.table.Count(chosen, cls);
    for (size_t i = used; i < members.size(); ++i) {
      const std::string& id = solved.machine.devices[members[i]].id;
      plan.unused.push_back({id, WhyUnused(solved, cls, used, plan.proof.value, id)});
    }
  }
}

void AddAlternatives(const Solved& solved, int chosen, Plan& plan) {
  const int classes = PlainClasses(solved.problem);
  const auto first_id = [&](int cls) {
    return solved.machine.devices[solved.problem.classes[cls].members[0]].id;
  };
  for (int cls = 0; cls < classes; ++cls) {
    const int used = solved.table.Count(chosen, cls);
    if (used > 0) {
      const std::string id =
          solved.machine.devices[solved.problem.classes[cls].members[used - 1]].id;
      AddAlternative(solved, BestState(solved, cls, 0, used - 1), "without " + id, plan);
    } else {
      AddAlternative(solved, BestState(solved, cls, 1, INT32_MAX), "with " + first_id(cls), plan);
    }
  }
  for (int cls = 0; cls < classes; ++cls) {
    const int alone = solved.table.stride(cls);
    if (alone == chosen || !(solved.finals[alone] < kInfinity)) continue;
    AddAlternative(solved, alone, "only " + first_id(cls), plan);
  }
}

std::string FindBinding(const Solved& solved, const Plan& plan) {
  const auto runs = ResolveStages(solved.machine, solved.workload, plan.stages());
  if (!runs.ok()) return "";
  const int bound = MemoryBound(solved, *runs, plan.proof.value);
  if (bound >= 0) return solved.machine.devices[bound].id + " memory";
  return LargestPart(solved, *runs);
}

}  // namespace motley
