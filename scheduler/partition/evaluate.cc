#include "scheduler/partition/evaluate.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

#include "scheduler/partition/memory.h"
#include "scheduler/partition/partitioner.h"

namespace motley {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

double Sum(const std::vector<double>& values, const DeviceRun& run) {
  double sum = 0;
  for (int i = run.first; i <= run.last; ++i) sum += values[i];
  return sum;
}

// One step of a stage: the prompt or one token.
double StepUs(const Costs& costs, const Objective& objective, const DeviceRun& run, Phase phase) {
  const bool prompt = phase == Phase::kPrefill;
  if (run.mode == StageMode::kStreamed) {
    return StreamedStep(costs, run.device, run.first, run.last,
                        prompt ? PromptStep(objective) : TokenStep(objective));
  }
  const ItemCosts& device = costs.devices[run.device];
  return Sum(prompt ? device.prefill : device.decode, run);
}

// Seconds of one pass through all stages in one phase; unknown when a device's times are.
double PassSeconds(const Costs& costs, const Objective& objective,
                   const std::vector<DeviceRun>& runs, Phase phase) {
  const auto& links = phase == Phase::kPrefill ? costs.prefill_link : costs.decode_link;
  double us = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    const ItemCosts& device = costs.devices[runs[i].device];
    if ((phase == Phase::kPrefill ? device.prefill : device.decode).empty()) return kUnknown;
    us += StepUs(costs, objective, runs[i], phase);
    if (i > 0) us += links[runs[i - 1].device * costs.devices.size() + runs[i].device];
  }
  return us * 1e-6;
}

Prediction Predict(const MachineProfile& machine, const Workload& workload,
                   const Objective& objective, const Costs& costs,
                   const std::vector<DeviceRun>& runs, double value_us) {
  Prediction predicted;
  predicted.ttft_s =
      objective.prompt_tokens > 0 ? PassSeconds(costs, objective, runs, Phase::kPrefill) : kUnknown;
  predicted.itl_s = PassSeconds(costs, objective, runs, Phase::kDecode);
  predicted.prefill_tokens_per_s = objective.prompt_tokens / predicted.ttft_s;
  predicted.decode_tokens_per_s =
      objective.kind == ObjectiveKind::kBottleneck ? 1e6 / value_us : 1 / predicted.itl_s;
  for (const DeviceRun& run : runs) {
    const DeviceProfile& device = machine.devices[run.device];
    predicted.memory_bytes[device.id] = StageMemory(workload, run.first, run.last, run.mode);
    if (costs.devices[run.device].prior) predicted.prior.push_back(device.id);
  }
  return predicted;
}

Error DoesNotFit(const Workload& workload, const DeviceProfile& device, double needed) {
  Error error;
  error.code = Code::kOutOfMemory;
  error.field = device.id;
  error.message = device.id + " needs " + ShowBytes(needed) + " for its stage (KV cache of " +
                  std::to_string(static_cast<long>(workload.context_tokens)) + " tokens), " +
                  ShowBytes(device.usable_bytes) +
                  " usable: " + ShowBytes(needed - device.usable_bytes) + " short";
  error.remedy = "give it fewer layers, or serve a shorter context with --ctx";
  return error;
}

}  // namespace

std::vector<StagePrice> PriceRuns(const Costs& costs, const Objective& objective,
                                  const std::vector<DeviceRun>& runs) {
  std::vector<StagePrice> prices;
  for (size_t i = 0; i < runs.size(); ++i) {
    const size_t link =
        i == 0 ? 0
               : runs[i - 1].device * costs.devices.size() + static_cast<size_t>(runs[i].device);
    StagePrice price;
    if (objective.kind == ObjectiveKind::kBottleneck) {
      price.compute_us = StepUs(costs, objective, runs[i], Phase::kDecode);
      if (i > 0) price.boundary_us = costs.decode_link[link];
    } else {
      if (objective.prompt_tokens > 0) {
        price.compute_us += StepUs(costs, objective, runs[i], Phase::kPrefill);
        if (i > 0) price.boundary_us += costs.prefill_link[link];
      }
      if (objective.output_tokens > 0) {
        price.compute_us +=
            objective.output_tokens * StepUs(costs, objective, runs[i], Phase::kDecode);
        if (i > 0) price.boundary_us += objective.output_tokens * costs.decode_link[link];
      }
    }
    prices.push_back(price);
  }
  return prices;
}

double ValueOf(ObjectiveKind kind, const std::vector<StagePrice>& prices) {
  double value = 0;
  for (const StagePrice& price : prices) {
    const double stage = price.compute_us + price.boundary_us;
    value = kind == ObjectiveKind::kLatency ? value + stage : std::max(value, stage);
  }
  return value;
}

double RunMemory(const Workload& workload, int first, int last) {
  const auto& items = workload.items;
  double bytes = 0;
  for (int i = first; i <= last; ++i) {
    bool counted_elsewhere = false;
    for (int j = first; j <= last && !items[i].tied_with.empty(); ++j) {
      // Of two items that name each other the first one counts.
      const bool mutual = items[j].tied_with == items[i].name && j > i;
      if (j != i && items[j].name == items[i].tied_with && !mutual) counted_elsewhere = true;
    }
    if (!counted_elsewhere) bytes += items[i].weight_bytes;
    if (items[i].IsLayer()) bytes += workload.kv_bytes_per_token_layer * workload.context_tokens;
  }
  return bytes;
}

double StageMemory(const Workload& workload, int first, int last, StageMode mode) {
  if (mode == StageMode::kResident) return RunMemory(workload, first, last);
  std::vector<double> weights = {0, 0};
  double kv = 0;
  for (int i = first; i <= last; ++i) {
    const WorkloadItem& item = workload.items[static_cast<size_t>(i)];
    weights.push_back(item.weight_bytes);
    if (item.IsLayer()) kv += workload.kv_bytes_per_token_layer * workload.context_tokens;
  }
  std::partial_sort(weights.begin(), weights.begin() + 2, weights.end(), std::greater<>());
  return kv + weights[0] + weights[1];
}

Result<std::vector<DeviceRun>> ResolveStages(const MachineProfile& machine,
                                             const Workload& workload,
                                             const std::vector<Stage>& stages) {
  const int items = static_cast<int>(workload.items.size());
  std::vector<DeviceRun> runs;
  std::set<int> used;
  int next = 0;
  for (const Stage& stage : stages) {
    const auto found =
        std::find_if(machine.devices.begin(), machine.devices.end(),
                     [&](const DeviceProfile& device) { return device.id == stage.device; });
    if (found == machine.devices.end()) {
      return Error::NotFound("no device is called \"" + stage.device + "\"")
          .Fix("`motley devices` lists them");
    }
    const int device = static_cast<int>(found - machine.devices.begin());
    if (!used.insert(device).second) {
      return Error::Invalid("stages", stage.device + " has two stages, a device holds one run");
    }
    if (stage.first_item != next || stage.last_item < stage.first_item ||
        stage.last_item >= items) {
      return Error::Invalid("stages", "items " + std::to_string(stage.first_item) + "-" +
                                          std::to_string(stage.last_item) + " on " + stage.device +
                                          ": the next run starts at item " + std::to_string(next) +
                                          " and the last item is " + std::to_string(items - 1));
    }
    next = stage.last_item + 1;
    runs.push_back({device, stage.first_item, stage.last_item, stage.mode});
  }
  if (next != items) {
    return Error::Invalid("stages", "items " + std::to_string(next) + "-" +
                                        std::to_string(items - 1) + " are on no device");
  }
  return runs;
}

Result<Plan> EvaluatePriced(const MachineProfile& machine, const Workload& workload,
                            const Objective& objective, const Costs& costs,
                            const std::vector<Stage>& stages) {
  const std::vector<DeviceRun> runs = TRY(ResolveStages(machine, workload, stages));
  for (const DeviceRun& run : runs) {
    const double needed = StageMemory(workload, run.first, run.last, run.mode);
    const DeviceProfile& device = machine.devices[run.device];
    if (needed > device.usable_bytes) return DoesNotFit(workload, device, needed);
  }
  Plan plan;
  plan.objective = objective;
  // A pipeline is full with one sequence on each stage.
  const size_t in_flight = objective.kind == ObjectiveKind::kBottleneck ? stages.size() : 1;
  plan.pools = OnePipeline(stages, workload.context_tokens, static_cast<int>(in_flight));
  plan.proof.method = "given";
  plan.proof.value = ValueOf(objective.kind, PriceRuns(costs, objective, runs));
  plan.proof.bound = plan.proof.gap = kUnknown;
  plan.predicted = Predict(machine, workload, objective, costs, runs, plan.proof.value);
  plan.id = PlanId(plan);
  return plan;
}

Result<Plan> Evaluate(const MachineProfile& machine, const Workload& workload,
                      const Objective& objective, const std::vector<Stage>& stages) {
  const Costs costs = TRY(PriceItems(machine, workload, objective));
  return EvaluatePriced(machine, workload, objective, costs, stages);
}

}  // namespace motley
