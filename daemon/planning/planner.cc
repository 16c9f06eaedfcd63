#include "daemon/planning/planner.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/contention.h"
#include "base/log.h"
#include "base/os.h"
#include "daemon/planning/devices.h"
#include "daemon/planning/kept_times.h"
#include "daemon/planning/measure_device.h"
#include "daemon/planning/model_facts.h"
#include "daemon/worker/probe.h"
#include "hwprofiles/store.h"
#include "scheduler/placement.h"

namespace motley {
namespace {

constexpr int kProbeMs = 20'000;
constexpr double kReserve = 512.0 * (1 << 20);  // of a device's memory, for scratch and the runtime
// A profile whose worst point waited longer for a core, as a share of its time, is not kept.
constexpr double kDisturbed = 0.15;
// Steps that a plan listens to.
constexpr uint64_t kStepsToTrust = 50;

class Profiler {
 public:
  Profiler(const Manifest& manifest, const ModelGraph& graph, const PlanningOptions& options,
           const PlanningProgress& progress)
      : manifest_(manifest),
        graph_(graph),
        options_(options),
        progress_(progress),
        kept_(Fingerprint(manifest, graph), options.threads) {}

  Result<StepTimes> Times(const DeviceInfo& device) {
    if (!options_.remeasure) {
      if (auto kept = kept_.Times(device)) return *kept;
    }
    const auto report = [&](double part) {
      if (progress_) progress_("measuring " + device.id, part);
    };
    report(0);
    const StepTimes times = TRY(MeasureDevice(
        manifest_.path, manifest_, graph_, {device.backend, device.id, options_.threads}, report));
    // Elsewhere the cores only launch.
    if (device.kind == "cpu" && times.waited > kDisturbed) {
      LogWarning(device.id + " was measured while other programs used the cores: it waited " +
                 std::to_string(static_cast<int>(100 * times.waited)) +
                 " % of the time for one. The plan is made with it, the profile is not kept.");
      return times;
    }
    kept_.Keep(device, times);
    return times;
  }

  // With what the steps since have taught.
  StepTimes Refined(const DeviceInfo& device, const StepTimes& times) {
    const Refiner learnt = kept_.Learnt(device, times);
    return learnt.steps() >= kStepsToTrust ? learnt.Apply(times) : times;
  }

  Result<LinkProfile> HostLink() {
    if (const auto kept = kept_.HostLink()) return *kept;
    const int64_t waited = WaitedForCoresNs(), start = RealClock().NowNs();
    const LinkProfile link = TRY(MeasureHostLink());
    const auto spent = static_cast<double>(RealClock().NowNs() - start);
    const bool disturbed = static_cast<double>(WaitedForCoresNs() - waited) > kDisturbed * spent;
    if (!disturbed) kept_.Keep(link);
    return link;
  }

 private:
  const Manifest& manifest_;
  const ModelGraph& graph_;
  const PlanningOptions& options_;
  const PlanningProgress& progress_;
  KeptTimes kept_;
};

// A device that cannot be measured is left out, with the reason in the plan, unless it was asked
// for by name.
Status Measure(Profiler& profiler, const PlanningOptions& options, PlannedModel* out,
               std::vector<Plan::Unused>* unusable) {
  MachineProfile& machine = out->machine;
  machine.name = "this machine";
  machine.default_link = TRY(profiler.HostLink());
  std::vector<DeviceInfo> kept;
  for (const DeviceInfo& device : out->devices) {
    const auto times = profiler.Times(device);
    if (!times.ok()) {
      if (!options.devices.empty()) return times.error();
      unusable->push_back({device.id, times.error().message});
      continue;
    }
    DeviceProfile& profile = machine.devices.emplace_back();
    profile.id = device.id;
    profile.kind = device.kind;
    profile.name = device.name;
    profile.memory_bytes = static_cast<double>(device.memory_bytes);
    profile.usable_bytes = std::max(0.0, static_cast<double>(device.free_bytes) - kReserve);
    out->measured.push_back(*times);
    profile.step_times = profiler.Refined(device, *times);
    profile.step_times->chunk_rows = options.prefill_chunk;
    kept.push_back(device);
  }
  out->devices = kept;
  if (kept.empty()) {
    return Error::Unavailable("no device can run this model: " +
                              (unusable->empty() ? "none is ready" : unusable->front().reason));
  }
  return {};
}

// The stages of `split`, one range for each device; Device has an id.
template <class Device>
Result<std::vector<Stage>> SplitByHand(const std::vector<Device>& devices, const std::string& split,
                                       int layers) {
  std::string ids;
  for (const Device& d : devices) ids += (ids.empty() ? "" : ",") + d.id;
  return ParsePlacement(ids, split, layers);
}

Result<Plan> MakePlan(const MachineProfile& machine, const Workload& workload,
                      const PlanningOptions& options) {
  if (options.plan) return Evaluate(machine, workload, options.objective, options.plan->stages());
  if (options.split == "auto")
    return Partition(machine, workload, options.objective, DeviceUse::kAll);
  if (options.split.empty()) return Partition(machine, workload, options.objective);
  const auto stages = TRY(SplitByHand(machine.devices, options.split, workload.layers));
  return Evaluate(machine, workload, options.objective, stages);
}

}  // namespace

Result<PlannedModel> PlanModel(const Manifest& manifest, const ModelGraph& graph,
                               const PlanningOptions& options, const PlanningProgress& progress) {
  PlannedModel out;
  std::vector<std::string> names = options.devices;
  if (options.plan) {
    TRY(CheckServable(*options.plan));
    names.clear();
    for (const Stage& stage : options.plan->stages()) names.push_back(stage.device);
  }
  const auto probed = options.probed ? options.probed() : ProbeAll(options.backends, kProbeMs);
  out.devices = TRY(ChooseDevices(probed, names));
  if (!options.split.empty() && options.split != "auto") {
    TRY(SplitByHand(out.devices, options.split,
                    graph.hyper.layers));  // before anything is measured
  }
  Profiler profiler(manifest, graph, options, progress);
  std::vector<Plan::Unused> unusable;
  TRY(Measure(profiler, options, &out, &unusable));
  out.fingerprint = Fingerprint(manifest, graph);
  out.workload = MakeWorkload(manifest, graph, options.context_tokens);
  out.plan = TRY(MakePlan(out.machine, out.workload, options));
  out.plan.unused.insert(out.plan.unused.end(), unusable.begin(), unusable.end());
  for (const Stage& stage : out.plan.stages()) {
    for (const DeviceInfo& d : out.devices) {
      if (d.id == stage.device) out.choices.push_back({d.backend, d.id, options.threads});
    }
  }
  return out;
}

std::vector<int64_t> MeasuredAt(const Inventory& inventory) {
  const auto store = OpenProfileStore(StateFolder());
  std::vector<int64_t> out;
  for (const InventoryEntry& entry : inventory.devices) {
    if (!store.ok()) {
      out.push_back(0);
      continue;
    }
    const auto last = (*store)->LastMeasured(entry.info.uuid);
    out.push_back(last.ok() && *last ? **last : 0);
  }
  return out;
}

}  // namespace motley
