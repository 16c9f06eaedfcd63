#include "daemon/core/step_watch.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/log.h"

namespace motley {
namespace {

// Fewer new steps are not worth a write.
constexpr uint64_t kWorthKeeping = 20;
// After a warning: a machine that others disturb would fill the log.
constexpr uint64_t kSilentSteps = 1000;

double Sum(const ClassTimes& parts) { return std::accumulate(parts.begin(), parts.end(), 0.0); }

}  // namespace

nlohmann::json ToJson(const StepForecast& f) {
  if (!f.known()) return {{"steps", 0}, {"drifts", f.drifts}};
  return {{"steps", f.steps},         {"median_error", f.median_error},
          {"p95_error", f.p95_error}, {"profile_error", f.profile_error},
          {"scale", f.scale},         {"drifts", f.drifts}};
}

StepShape ShapeOf(const Batch& batch) {
  StepShape shape;
  for (size_t row = 0; row < batch.rows.size();) {
    size_t end = row + 1;
    while (end < batch.rows.size() && batch.rows[end].sequence == batch.rows[row].sequence) ++end;
    const auto rows = static_cast<double>(end - row);
    const double past = batch.rows[row].position;
    if (rows > 1) {
      shape = shape + StepShape::Prompt(rows, past);
    } else {
      shape = shape + StepShape::Decode(1, past);
    }
    row = end;
  }
  shape.logit_rows = static_cast<double>(batch.outputs.size());
  return shape;
}

void StepWatch::Errors::Add(double predicted_us, double us) {
  last[count++ % kRemembered] = static_cast<float>(std::abs(predicted_us / us - 1));
}

double StepWatch::Errors::Quantile(double part) const {
  const size_t size = std::min<uint64_t>(count, kRemembered);
  if (size == 0) return 0;
  std::vector<float> sorted(last.begin(), last.begin() + static_cast<long>(size));
  const auto at = sorted.begin() + static_cast<long>(part * static_cast<double>(size - 1) + 0.5);
  std::ranges::nth_element(sorted, at);
  return *at;
}

StepWatch::StepWatch(std::string fingerprint, int threads)
    : kept_(std::move(fingerprint), threads) {}

Result<std::unique_ptr<StepWatch>> StepWatch::Make(const PlannedModel& planned, int threads) {
  MachineProfile machine = planned.machine;
  for (size_t i = 0; i < machine.devices.size(); ++i) {
    machine.devices[i].step_times = planned.measured[i];
  }
  const CostModel model = TRY(CostModel::Make(machine, planned.workload, 0));
  std::unique_ptr<StepWatch> out(new StepWatch(planned.fingerprint, threads));
  int previous = -1;
  for (const Stage& stage : planned.plan.stages()) {
    const auto at = std::ranges::find(planned.devices, stage.device, &DeviceInfo::id);
    if (at == planned.devices.end()) return Error::Internal("no device is called " + stage.device);
    const int device = static_cast<int>(at - planned.devices.begin());
    Watched& watched = out->stages_.emplace_back();
    watched.device = stage.device;
    watched.info = *at;
    watched.times = planned.measured[static_cast<size_t>(device)];
    watched.cost = model.Stage(device, stage.first_item, stage.last_item);
    watched.learnt = out->kept_.Learnt(*at, watched.times);
    // Every frame comes from another process: the first from motleyd, over the same kind of ring.
    const LinkProfile& link = machine.default_link;
    watched.boundary_us = previous < 0 ? link.latency_us : model.Boundary(previous, device, 0);
    if (previous >= 0) {
      watched.boundary_row_us = model.Boundary(previous, device, 1) - watched.boundary_us;
    }
    previous = device;
  }
  return out;
}

double StepWatch::Watch(Watched& stage, const StepShape& shape, double us) {
  const ClassTimes parts = stage.cost->Classes(shape);
  const double predicted = stage.learnt.Refine(shape, parts);
  stage.refined.Add(predicted, us);
  stage.profile.Add(Sum(parts), us);
  const auto ratio = stage.alarm.Add(us, predicted);
  if (ratio && stage.refined.count >= stage.silent_until) {
    stage.silent_until = stage.refined.count + kSilentSteps;
    LogWarning(stage.device + ": steps now take " + std::to_string(*ratio) +
               " times what they took; `motley doctor` says what may slow it down");
  }
  stage.learnt.Observe(shape, parts, us);
  return predicted;
}

void StepWatch::Stepped(const Batch& batch, const Done& done, double us) {
  const StepShape shape = ShapeOf(batch);
  const double rows = shape.prefill_rows + shape.decode_rows;
  const std::lock_guard lock(mutex_);
  if (done.stages.size() != stages_.size() || !(us > 0)) return;
  double predicted = 0, from_profile = 0;
  for (size_t i = 0; i < stages_.size(); ++i) {
    Watched& stage = stages_[i];
    const double stage_us = done.stages[i].ms * 1e3;
    if (!(stage_us > 0)) return;
    const double boundary = stage.boundary_us + rows * stage.boundary_row_us;
    from_profile += boundary + stage.cost->Step(shape).us;
    predicted += boundary + Watch(stage, shape, stage_us);
  }
  whole_.Add(predicted, us);
  whole_profile_.Add(from_profile, us);
  ++steps_;
}

std::vector<StepForecast> StepWatch::Forecasts() const {
  const std::lock_guard lock(mutex_);
  std::vector<StepForecast> out;
  uint64_t drifts = 0;
  for (const Watched& stage : stages_) {
    out.push_back({stage.device, stage.refined.count, stage.refined.Quantile(0.5),
                   stage.refined.Quantile(0.95), stage.profile.Quantile(0.5), stage.learnt.scale(),
                   stage.alarm.alarms()});
    drifts += stage.alarm.alarms();
  }
  out.push_back({"", whole_.count, whole_.Quantile(0.5), whole_.Quantile(0.95),
                 whole_profile_.Quantile(0.5), 1, drifts});
  return out;
}

void StepWatch::Keep() {
  std::vector<std::tuple<DeviceInfo, StepTimes, Refiner>> learnt;
  {
    const std::lock_guard lock(mutex_);
    if (steps_ < kept_steps_ + kWorthKeeping) return;
    kept_steps_ = steps_;
    for (const Watched& stage : stages_) learnt.emplace_back(stage.info, stage.times, stage.learnt);
  }
  const std::lock_guard lock(keeping_);
  for (const auto& [device, times, refiner] : learnt) kept_.Keep(device, times, refiner);
}

}  // namespace motley
