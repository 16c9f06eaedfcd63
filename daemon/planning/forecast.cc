#include "daemon/planning/forecast.h"

#include <algorithm>

namespace motley {

Result<Forecast> Forecast::Make(const PlannedModel& planned) {
  const CostModel model =
      TRY(CostModel::Make(planned.machine, planned.workload, planned.plan.objective.prompt_tokens));
  Forecast out;
  out.frame_us_ = planned.machine.default_link.latency_us;
  int previous = -1;
  for (const Stage& stage : planned.plan.stages()) {
    const auto at = std::ranges::find(planned.machine.devices, stage.device, &DeviceProfile::id);
    if (at == planned.machine.devices.end()) {
      return Error::Internal("no device is called " + stage.device);
    }
    const int device = static_cast<int>(at - planned.machine.devices.begin());
    Member& member = out.members_.emplace_back();
    member.cost = model.Stage(device, stage.first_item, stage.last_item);
    if (previous >= 0) {
      member.boundary_us = model.Boundary(previous, device, 0);
      member.boundary_row_us = model.Boundary(previous, device, 1) - member.boundary_us;
    }
    previous = device;
  }
  return out;
}

double Forecast::StepUs(const StepShape& shape) const {
  const double rows = shape.prefill_rows + shape.decode_rows;
  double us = frame_us_;
  for (const Member& member : members_) {
    us += member.cost->Step(shape).us + member.boundary_us + rows * member.boundary_row_us;
  }
  return us;
}

double Forecast::PromptUs(double tokens, double batch) const {
  const StepShape one = StepShape::Prompt(tokens);
  return StepUs({batch * one.prefill_rows, batch * one.prefill_pairs, 0, 0, batch});
}

// Times grow with the context in a line, or nearly: the middle one is the mean.
double Forecast::GenerateUs(double count, double batch, double context) const {
  return count * StepUs(StepShape::Decode(batch, context + count / 2));
}

}  // namespace motley
