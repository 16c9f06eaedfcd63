#include "scheduler/cost_model/cost_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "scheduler/cost_model/checks.h"
#include "scheduler/cost_model/device_costs.h"

namespace motley {
namespace {

// With what a step takes once, and no faster than the weights come.
class WholeStage final : public StageCost {
 public:
  WholeStage(std::unique_ptr<StageCost> items, Estimate once, double least_us)
      : items_(std::move(items)), once_(once), least_us_(least_us) {}

  Estimate Step(const StepShape& shape) const override {
    Estimate all = items_->Step(shape) + once_;
    if (all.us < least_us_) all = {least_us_, least_us_ * kMeasuredSigma};
    return all;
  }
  ClassTimes Classes(const StepShape& shape) const override {
    ClassTimes parts = items_->Classes(shape);
    parts[static_cast<size_t>(CostClass::kOnce)] += once_.us;
    const double us = items_->Step(shape).us + once_.us;
    if (us < least_us_) parts[static_cast<size_t>(CostClass::kOnce)] += least_us_ - us;
    return parts;
  }

 private:
  const std::unique_ptr<StageCost> items_;
  const Estimate once_;
  const double least_us_;
};

std::unique_ptr<DeviceCosts> CostsOf(const DeviceProfile& device, const Workload& workload,
                                     double prompt_tokens) {
  if (device.item_times) return MakeItemCosts(*device.item_times, prompt_tokens);
  if (device.layer_times) return MakeLayerCosts(*device.layer_times, workload);
  if (device.step_times) return MakeStepCosts(*device.step_times, workload);
  return MakeRateCosts(device.ops, device.peak, workload, prompt_tokens);
}

struct Way {
  double latency_us = 0, us_per_byte = 0;
};

Way WayOver(const LinkProfile& link) {
  if (!(link.bytes_per_s > 0)) return {0, std::numeric_limits<double>::infinity()};
  return {link.latency_us, 1e6 / link.bytes_per_s};
}

}  // namespace

struct CostModel::Tables {
  std::vector<std::unique_ptr<DeviceCosts>> devices;
  std::vector<Way> ways;                         // [from * devices + to]
  std::vector<Way> from_host;                    // [device]
  std::vector<double> streamed_bytes, kv_bytes;  // [item]; per token
  double hidden_bytes = 0;

  const Way& Between(int from, int to) const {
    return ways[static_cast<size_t>(from) * devices.size() + static_cast<size_t>(to)];
  }
};

StepShape StepShape::Prompt(double tokens, double past) {
  return {tokens, tokens * past + tokens * (tokens + 1) / 2, 0, 0, 1};
}

StepShape StepShape::Decode(double batch, double context) {
  return {0, 0, batch, batch * context, batch};
}

StepShape StepShape::operator+(const StepShape& other) const {
  return {prefill_rows + other.prefill_rows, prefill_pairs + other.prefill_pairs,
          decode_rows + other.decode_rows, decode_context + other.decode_context,
          logit_rows + other.logit_rows};
}

ClassTimes StageCost::Classes(const StepShape& shape) const {
  ClassTimes parts{};
  parts[static_cast<size_t>(MatricesOf(shape))] = Step(shape).us;
  return parts;
}

Estimate Estimate::operator+(const Estimate& other) const {
  return {us + other.us, sigma_us + other.sigma_us};
}

Estimate Estimate::AndApart(const Estimate& other) const {
  return {us + other.us, std::hypot(sigma_us, other.sigma_us)};
}

Result<CostModel> CostModel::Make(const MachineProfile& machine, const Workload& workload,
                                  double prompt_tokens) {
  TRY(CheckPriceable(machine, workload));
  if (!std::isfinite(prompt_tokens) || prompt_tokens < 0) {
    return Error::Invalid("prompt_tokens", "prompt_tokens is " + std::to_string(prompt_tokens) +
                                               ", must be at least 0");
  }
  auto tables = std::make_shared<Tables>();
  for (const DeviceProfile& device : machine.devices) {
    tables->devices.push_back(CostsOf(device, workload, prompt_tokens));
    const DeviceCosts& costs = *tables->devices.back();
    if (!costs.Knows(Phase::kPrefill) && !costs.Knows(Phase::kDecode)) {
      return Error::Invalid(device.id, device.id + ": neither prefill nor decode times are known")
          .Fix(
              "measure the device with `motley profile`, or give item_times_us, layer_times or "
              "peak");
    }
    tables->from_host.push_back(WayOver(machine.Link("host", device.id)));
    for (const DeviceProfile& to : machine.devices) {
      tables->ways.push_back(&to == &device ? Way{} : WayOver(machine.Link(device.id, to.id)));
    }
  }
  tables->hidden_bytes = workload.hidden_bytes_per_token;
  for (const WorkloadItem& item : workload.items) {
    tables->streamed_bytes.push_back(item.name == "embed" ? 0 : item.weight_bytes);
    tables->kv_bytes.push_back(item.IsLayer() ? workload.kv_bytes_per_token_layer : 0);
  }
  CostModel model;
  model.tables_ = std::move(tables);
  return model;
}

int CostModel::devices() const { return static_cast<int>(tables_->devices.size()); }
int CostModel::items() const { return static_cast<int>(tables_->kv_bytes.size()); }

bool CostModel::Knows(int device, Phase phase) const {
  const DeviceCosts& costs = *tables_->devices[static_cast<size_t>(device)];
  if (phase != Phase::kBoth) return costs.Knows(phase);
  return costs.Knows(Phase::kPrefill) && costs.Knows(Phase::kDecode);
}

bool CostModel::IsPrior(int device) const {
  return tables_->devices[static_cast<size_t>(device)]->IsPrior();
}

Estimate CostModel::OncePerStep(int device) const {
  const double us = tables_->devices[static_cast<size_t>(device)]->OncePerStepUs();
  return {us, us * kMeasuredSigma};
}

Estimate CostModel::Item(int device, int item, const StepShape& shape) const {
  return tables_->devices[static_cast<size_t>(device)]->Run(item, item)->Step(shape);
}

std::unique_ptr<StageCost> CostModel::Stage(int device, int first, int last, StageMode mode) const {
  auto items = tables_->devices[static_cast<size_t>(device)]->Run(first, last);
  double least_us = 0;
  if (mode == StageMode::kStreamed) {
    double bytes = 0;
    for (int i = first; i <= last; ++i) bytes += tables_->streamed_bytes[static_cast<size_t>(i)];
    const Way& way = tables_->from_host[static_cast<size_t>(device)];
    if (bytes > 0) least_us = way.latency_us + bytes * way.us_per_byte;
  }
  const Estimate once = OncePerStep(device);
  if (once.us == 0 && least_us == 0) return items;
  return std::make_unique<WholeStage>(std::move(items), once, least_us);
}

double CostModel::Boundary(int from, int to, double rows) const {
  const Way& way = tables_->Between(from, to);
  return from == to ? 0 : way.latency_us + rows * tables_->hidden_bytes * way.us_per_byte;
}

double CostModel::KvTransfer(int from, int to, int first, int last, double tokens) const {
  if (from == to) return 0;
  double bytes = 0;
  for (int i = first; i <= last; ++i) bytes += tables_->kv_bytes[static_cast<size_t>(i)] * tokens;
  const Way& way = tables_->Between(from, to);
  return way.latency_us + bytes * way.us_per_byte;
}

}  // namespace motley
