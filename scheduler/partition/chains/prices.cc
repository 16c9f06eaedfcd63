#include "scheduler/partition/chains/prices.h"

#include <algorithm>
#include <cmath>

namespace motley {
namespace {

Workload WithoutKv(Workload workload) {
  workload.kv_bytes_per_token_layer = 0;
  return workload;
}

// The two kinds of step a cycle is made of, each times how often it happens in one.
struct Part {
  double times = 0, rows = 0;
  StepShape shape;
};

std::vector<Part> PartsOf(const Objective& objective, Phase phase, double batch) {
  const double prompt = objective.prompt_tokens, output = std::max(1, objective.output_tokens);
  std::vector<Part> parts;
  if (phase != Phase::kPrefill) {
    parts.push_back({1, batch, StepShape::Decode(batch, prompt + output / 2)});
  }
  if (phase == Phase::kPrefill) parts.push_back({1, prompt, StepShape::Prompt(prompt)});
  if (phase == Phase::kBoth && prompt > 0) {
    parts.push_back({batch / output, prompt, StepShape::Prompt(prompt)});
  }
  return parts;
}

}  // namespace

double SequenceTokens(const Objective& objective, Phase phase) {
  return objective.prompt_tokens +
         (phase == Phase::kPrefill ? 0.0 : std::max(1, objective.output_tokens));
}

double TokensPerCycle(const Objective& objective, Phase phase, int micro_batch) {
  return phase == Phase::kPrefill ? std::max(1, objective.output_tokens) : micro_batch;
}

std::vector<int> MicroBatches(Phase phase) {
  if (phase == Phase::kPrefill) return {1};
  return {std::begin(kMicroBatches), std::end(kMicroBatches)};
}

std::vector<AlikeDevices> ServiceClasses(const ServiceQuestion& question) {
  const CostModel& model = question.model;
  Felt felt;
  std::vector<StepShape> shapes = {StepShape::Prompt(question.objective.prompt_tokens),
                                   StepShape::Decode(1, 1), StepShape::Decode(256, 256e3)};
  for (const int batch : kMicroBatches) shapes.push_back(StepShape::Decode(batch, 500.0 * batch));
  for (int device = 0; device < model.devices(); ++device) {
    const DeviceProfile& profile = question.machine.devices[static_cast<size_t>(device)];
    auto& numbers = felt.devices.emplace_back();
    numbers = {profile.usable_bytes, profile.idle_w, profile.busy_w, model.OncePerStep(device).us};
    for (int item = 0; item < model.items(); ++item) {
      for (const StepShape& shape : shapes) numbers.push_back(model.Item(device, item, shape).us);
    }
    // NaN (a phase that is not known) equals nothing, itself neither.
    for (double& number : numbers) number = std::isnan(number) ? -1 : number;
    for (int to = 0; to < model.devices(); ++to) {
      felt.links.push_back(model.Boundary(device, to, 1) + 1e3 * model.Boundary(device, to, 1e6));
    }
  }
  return FindClasses(question.machine, felt);
}

ServicePrices::ServicePrices(const ServiceQuestion& question)
    : ServicePrices(question, ServiceClasses(question)) {}

ServicePrices::ServicePrices(const ServiceQuestion& question, std::vector<AlikeDevices> alike)
    : question_(question),
      items_(question.model.items()),
      weights_(WithoutKv(question.workload)),
      kv_(1, 0.0),
      classes_(std::move(alike)) {
  for (const WorkloadItem& item : question.workload.items) {
    kv_.push_back(kv_.back() + (item.IsLayer() ? question.workload.kv_bytes_per_token_layer : 0));
  }
  for (const Phase phase : {Phase::kBoth, Phase::kPrefill, Phase::kDecode}) {
    for (const int batch : MicroBatches(phase)) {
      auto& row = cycles_[static_cast<size_t>(phase)].emplace_back();
      for (int cls = 0; cls < classes(); ++cls) row.push_back(MakeCycle(phase, batch, cls));
    }
  }
}

CycleTimes ServicePrices::MakeCycle(Phase phase, int micro_batch, int cls) const {
  CycleTimes cycle;
  const CostModel& model = question_.model;
  const int device = Class(cls).members[0];
  const auto parts = PartsOf(question_.objective, phase, micro_batch);
  cycle.prefix.push_back(0);
  for (int item = 0; item < items_; ++item) {
    double us = 0;
    for (const Part& part : parts) us += part.times * model.Item(device, item, part.shape).us;
    cycle.prefix.push_back(cycle.prefix.back() + us);
  }
  for (const Part& part : parts) cycle.fixed += part.times * model.OncePerStep(device).us;
  for (int from = 0; from < classes(); ++from) {
    const auto& members = Class(from).members;
    const int other = from == cls && members.size() > 1 ? members[1] : members[0];
    double us = 0;
    for (const Part& part : parts) us += part.times * model.Boundary(other, device, part.rows);
    cycle.boundary.push_back(us);
  }
  return cycle;
}

std::vector<int> ServicePrices::Counts() const {
  std::vector<int> counts;
  for (const AlikeDevices& cls : classes_) counts.push_back(static_cast<int>(cls.members.size()));
  return counts;
}

const CycleTimes& ServicePrices::Cycle(Phase phase, int batch, int cls) const {
  return cycles_[static_cast<size_t>(phase)][static_cast<size_t>(batch)][static_cast<size_t>(cls)];
}

FittingRuns ServicePrices::Fitting(Phase phase, int cls, double sequences) const {
  Workload workload = question_.workload;
  workload.context_tokens = sequences * SequenceTokens(question_.objective, phase);
  const auto device = static_cast<size_t>(Class(cls).members[0]);
  return RunsWithin(RunBytes(workload), question_.machine.devices[device].usable_bytes);
}

}  // namespace motley
