// Nanoseconds of StageCost::Step by source, 80 layers of two kinds; of a refined prediction and of
// an observation.

#include <cstdio>
#include <functional>

#include "base/clock.h"
#include "scheduler/cost_model/cost_model.h"
#include "scheduler/cost_model/refine.h"

namespace motley {
namespace {

Workload EightyLayers() {
  Workload workload{
      .layers = 80, .hidden_bytes_per_token = 16384, .kv_bytes_per_token_layer = 4096};
  workload.attention_flops_per_pair = 32768;
  workload.items.push_back({"embed", 1e9, 0});
  for (int i = 0; i < 80; ++i) {
    workload.items.push_back({"layer." + std::to_string(i), i % 2 ? 4.5e8 : 5e8, 1, 1.7e9});
  }
  workload.items.push_back({"head", 1e9, 1, 1e9});
  return workload;
}

MachineProfile Sources() {
  MachineProfile machine;
  const auto add = [&](const char* id) -> DeviceProfile& {
    DeviceProfile& device = machine.devices.emplace_back();
    device.id = id;
    return device;
  };
  std::vector<double> items(82, 100);
  add("item_times").item_times = ItemTimes{items, items};
  const TimeTable table = {{1, 100}, {4, 110}, {16, 140}, {64, 250}, {256, 800}, {1024, 3000}};
  add("layer_times").layer_times = PhaseTables{table, table};
  add("step_times").step_times =
      StepTimes{.prefill = table, .decode_by_past = {{16, 90}, {1000, 120}}, .head = table};
  add("ops").ops = {{"mul_mat", "Q4_0", "1-11", 5, 1e6, 1e8, 4},
                    {"mul_mat", "Q4_0", "12-", 9, 1e6, 1e8, 4},
                    {"attention.decode", "", "1-", 5, 1e6, 1e8, 4},
                    {"attention.prefill", "", "1-", 5, 1e6, 1e8, 4}};
  add("peak").peak = PeakRates{.bytes_per_s = 1e12, .f16_flops = 1e14, .launch_us = 5};
  machine.default_link = {"", "", 10, 1e10};
  return machine;
}

void Time(const std::string& what, const std::function<double(double)>& call) {
  constexpr int kCalls = 1'000'000;
  double sum = 0;
  const int64_t start = RealClock().NowNs();
  for (int i = 0; i < kCalls; ++i) sum += call(i % 300);
  const auto ns = static_cast<double>(RealClock().NowNs() - start);
  std::printf("%-24s %8.1f ns   (mean %.1f us)\n", what.c_str(), ns / kCalls, sum / kCalls);
}

int Main() {
  const MachineProfile machine = Sources();
  const auto model = CostModel::Make(machine, EightyLayers(), 512);
  if (!model.ok()) return std::puts(model.error().message.c_str()), 1;
  const auto shape = [](double i) {
    return StepShape::Decode(1 + i / 10, 100 + i) + StepShape::Prompt(i, 64);
  };
  for (int d = 0; d < model->devices(); ++d) {
    const auto stage = model->Stage(d, 0, 81);
    Time(machine.devices[static_cast<size_t>(d)].id,
         [&](double i) { return stage->Step(shape(i)).us; });
  }
  const auto stage = model->Stage(2, 0, 81);
  Refiner refiner;
  Time("refine and observe", [&](double i) {
    const StepShape step = shape(i);
    const ClassTimes parts = stage->Classes(step);
    const double us = refiner.Refine(step, parts);
    refiner.Observe(step, parts, us * 1.1);
    return us;
  });
  return 0;
}

}  // namespace
}  // namespace motley

int main() { return motley::Main(); }
