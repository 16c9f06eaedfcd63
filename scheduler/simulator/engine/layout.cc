#include "scheduler/simulator/engine/layout.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace motley::simulator {
namespace {

std::string Key(const std::string& base, const char* list, size_t index) {
  return base + "." + list + "[" + std::to_string(index) + "]";
}

Result<int> FindDevice(const MachineProfile& machine, const std::string& key,
                       const std::string& id) {
  std::string known;
  for (size_t d = 0; d < machine.devices.size(); ++d) {
    if (machine.devices[d].id == id) return static_cast<int>(d);
    if (d < 8) known += (d ? ", " : "") + machine.devices[d].id;
  }
  if (machine.devices.size() > 8) known += ", ...";
  return Error::Invalid(
      key, key + " is \"" + id + "\", the machine has " + (known.empty() ? "no devices" : known));
}

Status CheckRange(const std::string& key, const Stage& stage, int next, int items) {
  const auto wrong = [&](const char* name, int is, const std::string& must) {
    const std::string field = key + "." + name;
    return Error::Invalid(field, field + " is " + std::to_string(is) + ", must be " + must);
  };
  if (stage.first_item != next) {
    return wrong("first_item", stage.first_item,
                 std::to_string(next) + ": stages cover every item once, in order");
  }
  if (stage.last_item < stage.first_item || stage.last_item >= items) {
    return wrong("last_item", stage.last_item,
                 "from " + std::to_string(next) + " to " + std::to_string(items - 1));
  }
  return {};
}

Result<std::vector<LaidStage>> LayStages(const MachineProfile& machine, const Workload& workload,
                                         const std::string& key, const std::vector<Stage>& stages) {
  const int items = static_cast<int>(workload.items.size());
  std::vector<LaidStage> laid;
  int next = 0;
  for (size_t s = 0; s < stages.size(); ++s) {
    const std::string where = Key(key, "stages", s);
    TRY(CheckRange(where, stages[s], next, items));
    next = stages[s].last_item + 1;
    LaidStage stage{
        .first = stages[s].first_item, .last = stages[s].last_item, .mode = stages[s].mode};
    stage.device = TRY(FindDevice(machine, where + ".device", stages[s].device));
    for (const LaidStage& before : laid) {
      if (before.device != stage.device) continue;
      return Error::Invalid(where + ".device", where + ".device is " + stages[s].device +
                                                   ", which has another stage of this replica");
    }
    laid.push_back(stage);
  }
  if (next == items) return laid;
  return Error::Invalid(key + ".stages", key + ".stages end with item " + std::to_string(next - 1) +
                                             ", the workload's last is " +
                                             std::to_string(items - 1));
}

Status CheckPhases(const Plan& plan, Layout& layout) {
  bool entry = false, prefill = false;
  for (const Pool& pool : plan.pools) {
    entry |= pool.phase != Phase::kDecode;
    prefill |= pool.phase == Phase::kPrefill;
    layout.split_phases |= pool.phase == Phase::kDecode;
  }
  if (!entry) {
    return Error::Invalid("pools", "pools have none of phase both or prefill: nothing could begin");
  }
  if (prefill && !layout.split_phases) {
    return Error::Invalid("pools",
                          "pools have one of phase prefill and none of phase decode to "
                          "take its requests");
  }
  if (layout.split_phases && !prefill) {
    return Error::Invalid("pools",
                          "pools have one of phase decode and none of phase prefill to "
                          "give it requests");
  }
  return {};
}

// Devices that several replicas use hold the same items in each.
Status CheckShared(const MachineProfile& machine, Layout& layout) {
  std::map<int, const LaidStage*> seen;
  for (const LaidReplica& replica : layout.replicas) {
    for (const LaidStage& stage : replica.stages) {
      LaidDevice& device = layout.devices[stage.device];
      device.shared = device.used;
      device.used = true;
      const auto [at, added] = seen.emplace(stage.device, &stage);
      const LaidStage& other = *at->second;
      if (other.first == stage.first && other.last == stage.last && other.mode == stage.mode) {
        continue;
      }
      return Error::Invalid(replica.key + ".stages",
                            replica.key + ".stages give " + machine.devices[stage.device].id +
                                " items " + std::to_string(stage.first) + "-" +
                                std::to_string(stage.last) + ", another replica gives it " +
                                std::to_string(other.first) + "-" + std::to_string(other.last) +
                                ": a shared device holds the same items in each");
    }
  }
  return {};
}

Status CheckFinite(const MachineProfile& machine, const LaidReplica& replica,
                   const LaidStage& stage, const StageCost& cost) {
  StepShape shape;
  if (replica.phase != Phase::kDecode) shape = shape + StepShape::Prompt(1);
  if (replica.phase != Phase::kPrefill) shape = shape + StepShape::Decode(1, 1);
  if (const double us = cost.Step(shape).us; std::isfinite(us) && us >= 0) return {};
  const std::string& id = machine.devices[stage.device].id;
  return Error::Invalid(id, id + ": a step of items " + std::to_string(stage.first) + "-" +
                                std::to_string(stage.last) + ", " + StageModeName(stage.mode) +
                                ", would never end")
      .Fix("streamed weights need a link from host to the device");
}

Status PriceStages(const MachineProfile& machine, const CostModel& costs, Layout& layout) {
  std::map<int, const StageCost*> of_device;
  for (LaidReplica& replica : layout.replicas) {
    for (LaidStage& stage : replica.stages) {
      for (const Phase phase : {Phase::kPrefill, Phase::kDecode}) {
        if (costs.Knows(stage.device, phase) ||
            (replica.phase != phase && replica.phase != Phase::kBoth)) {
          continue;
        }
        const std::string& id = machine.devices[stage.device].id;
        return Error::Invalid(id, id + ": " + PhaseName(phase) + " times are unknown, and " +
                                      replica.key + " needs them")
            .Fix("give the device item_times_us, layer_times or peak, or measure it");
      }
      const StageCost*& cost = of_device[stage.device];
      if (!cost) {
        layout.costs.push_back(costs.Stage(stage.device, stage.first, stage.last, stage.mode));
        cost = layout.costs.back().get();
      }
      TRY(CheckFinite(machine, replica, stage, *cost));
      stage.cost = cost;
    }
  }
  return {};
}

}  // namespace

Demand Demand::Of(const std::vector<Arrival>& arrivals) {
  Demand demand;
  double prompt = 0, output = 0;
  for (const Arrival& arrival : arrivals) {
    prompt += arrival.prompt_tokens;
    output += arrival.output_tokens;
    demand.longest = std::max(demand.longest, arrival.prompt_tokens + arrival.output_tokens);
  }
  if (arrivals.empty()) return demand;
  demand.mean_prompt = prompt / static_cast<double>(arrivals.size());
  demand.mean_output = output / static_cast<double>(arrivals.size());
  return demand;
}

Result<Layout> MakeLayout(const MachineProfile& machine, const Workload& workload, const Plan& plan,
                          const CostModel& costs, const Demand& demand,
                          const SimulationOptions& options) {
  Layout layout;
  layout.devices.resize(machine.devices.size());
  for (size_t i = 0; i < workload.items.size(); ++i) {
    if (workload.items[i].IsLayer()) layout.last_layer = static_cast<int>(i);
  }
  TRY(CheckPhases(plan, layout));
  for (size_t p = 0; p < plan.pools.size(); ++p) {
    const std::string pool = "pools[" + std::to_string(p) + "]";
    for (size_t r = 0; r < plan.pools[p].replicas.size(); ++r) {
      LaidReplica replica;
      replica.key = Key(pool, "replicas", r);
      replica.pool = static_cast<int>(p);
      replica.phase = plan.pools[p].phase;
      replica.stages =
          TRY(LayStages(machine, workload, replica.key, plan.pools[p].replicas[r].stages));
      layout.replicas.push_back(std::move(replica));
    }
  }
  TRY(CheckShared(machine, layout));
  TRY(PriceStages(machine, costs, layout));
  TRY(SizeReplicas(machine, workload, plan, demand, options, layout));
  return layout;
}

}  // namespace motley::simulator
