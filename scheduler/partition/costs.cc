#include "scheduler/partition/costs.h"

#include <algorithm>

#include "scheduler/cost_model/cost_model.h"

namespace motley {
namespace {

Status CheckObjective(const Objective& objective) {
  const auto check = [](const char* key, int tokens) -> Status {
    if (tokens >= 0) return {};
    return Error::Invalid(
        key, std::string(key) + " is " + std::to_string(tokens) + ", must be at least 0");
  };
  TRY(check("prompt_tokens", objective.prompt_tokens));
  return check("output_tokens", objective.output_tokens);
}

Error Unknown(const DeviceProfile& device, Phase phase) {
  return Error::Invalid(device.id, device.id + ": " + PhaseName(phase) +
                                       " times are unknown, and the objective counts them")
      .Fix("measure the device with `motley profile`, or give item_times_us, layer_times or peak");
}

// One step's whole: what a step takes once on a device is counted where a stage begins, with the
// first item or with the boundary it comes in over.
std::vector<double> PriceStep(const CostModel& model, int device, Phase phase,
                              const StepShape& shape) {
  std::vector<double> out;
  if (!model.Knows(device, phase)) return out;
  for (int item = 0; item < model.items(); ++item) {
    out.push_back(model.Item(device, item, shape).us);
  }
  out[0] += model.OncePerStep(device).us;
  return out;
}

}  // namespace

bool NeedsPrefill(const Objective& objective) {
  return objective.kind == ObjectiveKind::kLatency && objective.prompt_tokens > 0;
}

bool NeedsDecode(const Objective& objective) {
  return objective.kind == ObjectiveKind::kBottleneck || objective.output_tokens > 0;
}

StepShape PromptStep(const Objective& objective) {
  return StepShape::Prompt(objective.prompt_tokens);
}

StepShape TokenStep(const Objective& objective) {
  const double prompt = objective.prompt_tokens;
  return StepShape::Decode(1, std::max(1.0, prompt + objective.output_tokens / 2.0));
}

double StreamedStep(const Costs& costs, int device, int first, int last, const StepShape& shape) {
  const double us = costs.model->Stage(device, first, last, StageMode::kStreamed)->Step(shape).us;
  return first == 0 ? us : us - costs.model->OncePerStep(device).us;
}

Result<Costs> PriceItems(const MachineProfile& machine, const Workload& workload,
                         const Objective& objective) {
  TRY(CheckObjective(objective));
  const CostModel model = TRY(CostModel::Make(machine, workload, objective.prompt_tokens));
  const double prompt = objective.prompt_tokens;
  Costs costs;
  for (int d = 0; d < model.devices(); ++d) {
    const DeviceProfile& device = machine.devices[static_cast<size_t>(d)];
    ItemCosts& to = costs.devices.emplace_back();
    if (prompt > 0) to.prefill = PriceStep(model, d, Phase::kPrefill, PromptStep(objective));
    to.decode = PriceStep(model, d, Phase::kDecode, TokenStep(objective));
    to.prior = model.IsPrior(d);
    if (NeedsPrefill(objective) && to.prefill.empty()) return Unknown(device, Phase::kPrefill);
    if (NeedsDecode(objective) && to.decode.empty()) return Unknown(device, Phase::kDecode);
  }
  for (int from = 0; from < model.devices(); ++from) {
    for (int to = 0; to < model.devices(); ++to) {
      const double once = from == to ? 0 : model.OncePerStep(to).us;
      costs.prefill_link.push_back(model.Boundary(from, to, prompt) + once);
      costs.decode_link.push_back(model.Boundary(from, to, 1) + once);
    }
  }
  costs.model = std::make_shared<const CostModel>(model);
  return costs;
}

}  // namespace motley
