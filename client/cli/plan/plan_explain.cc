#include "client/cli/plan/plan_explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "client/cli/output.h"
#include "scheduler/cost_model/cost_model.h"

namespace motley {
namespace {

int IndexOf(const MachineProfile& machine, const std::string& id) {
  const auto found = std::ranges::find(machine.devices, id, &DeviceProfile::id);
  return static_cast<int>(found - machine.devices.begin());
}

std::string Milliseconds(double us) { return fmt::format("{:.3f}", us / 1e3); }

struct Sums {
  double prompt_us = 0, token_us = 0;
};

std::string Source(const DeviceProfile& device) {
  if (device.item_times) return "item times";
  if (device.layer_times) return "layer times";
  if (device.step_times) return "this model, measured";
  return device.ops.empty() ? "data sheet" : "fitted ops";
}

}  // namespace

Result<std::string> ExplainPlan(const MachineProfile& machine, const Workload& workload,
                                const Plan& plan) {
  if (!IsOnePipeline(plan.pools)) {
    return Error::Unsupported("only a plan of one pipeline can be worked out by hand")
        .Fix("motley simulate --plan shows what others do");
  }
  const Objective& objective = plan.objective;
  const double prompt = objective.prompt_tokens, output = objective.output_tokens;
  const CostModel costs = TRY(CostModel::Make(machine, workload, prompt));
  Table table({"STAGE", "ITEMS", "MEMORY / USABLE", "PROMPT ms", "TOKEN ms", "FROM"});
  table.AlignRight({3, 4});
  Sums sums;
  int before = -1;
  for (const Stage& stage : plan.stages()) {
    const int device = IndexOf(machine, stage.device);
    const DeviceProfile& profile = machine.devices.at(static_cast<size_t>(device));
    if (before >= 0) {
      const double in = prompt > 0 ? costs.Boundary(before, device, prompt) : 0;
      const double each = costs.Boundary(before, device, 1);
      table.Add({"boundary", "", "", Milliseconds(in), Milliseconds(each),
                 fmt::format("{:.0f} bytes a token", workload.hidden_bytes_per_token)});
      sums.prompt_us += in;
      sums.token_us += each;
    }
    const auto cost = costs.Stage(device, stage.first_item, stage.last_item, stage.mode);
    const double whole = prompt > 0 ? cost->Step(StepShape::Prompt(prompt)).us : 0;
    const double token = cost->Step(StepShape::Decode(1, prompt + output / 2)).us;
    const auto memory = plan.predicted.memory_bytes.find(stage.device);
    const double bytes = memory == plan.predicted.memory_bytes.end() ? 0 : memory->second;
    table.Add({stage.device, fmt::format("{}-{}", stage.first_item, stage.last_item),
               FormatBytes(static_cast<uint64_t>(bytes)) + " / " +
                   FormatBytes(static_cast<uint64_t>(profile.usable_bytes)),
               Milliseconds(whole), Milliseconds(token), Source(profile)});
    sums.prompt_us += whole;
    sums.token_us += token;
    before = device;
  }
  table.Add({"sum", "", "", Milliseconds(sums.prompt_us), Milliseconds(sums.token_us), ""});
  return table.Text(ScreenWidth(1)) +
         fmt::format("request = {} + {} x {} = {} ms\n", Milliseconds(sums.prompt_us),
                     objective.output_tokens, Milliseconds(sums.token_us),
                     Milliseconds(sums.prompt_us + output * sums.token_us));
}

}  // namespace motley
