#include "daemon/planning/planner.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/contention.h"
#include "base/log.h"
#include "base/os.h"
#include "daemon/planning/devices.h"
#include "daemon/planning/measure_device.h"
#include "daemon/planning/model_facts.h"
#include "daemon/worker/probe.h"
#include "hwprofiles/json_fields.h"
#include "hwprofiles/store.h"
#include "scheduler/placement.h"

namespace motley {
namespace {

constexpr int kProbeMs = 20'000;
constexpr double kReserve = 512.0 * (1 << 20);  // of a device's memory, for scratch and the runtime
// A profile whose worst point waited longer for a core, as a share of its time, is not kept.
constexpr double kDisturbed = 0.15;
// Of what is measured and how: a profile of another one is measured again.
constexpr int kVersion = 2;
constexpr const char* kLinkUuid = "host-link";

ProfileKey KeyOf(const DeviceInfo& d, const std::string& fingerprint, int threads) {
  return {d.uuid, d.driver_name + " " + d.driver_version, d.kernels,
          fingerprint + (threads > 0 ? " t" + std::to_string(threads) : "")};
}

// The store is a cache: without it everything works, only slower.
std::unique_ptr<ProfileStore> Store() {
  auto store = OpenProfileStore(StateFolder());
  if (store.ok()) return store.ReleaseValue();
  LogWarning("profiles are not kept: " + store.error().message);
  return nullptr;
}

nlohmann::json Stored(ProfileStore* store, const ProfileKey& key) {
  if (!store) return nullptr;
  const auto found = store->Get(key);
  if (!found.ok() || !*found) return nullptr;
  return nlohmann::json::parse((*found)->value_json, nullptr, false);
}

void Keep(ProfileStore* store, const ProfileKey& key, const nlohmann::json& value) {
  if (!store) return;
  const Status kept = store->Put(key, value, RealClock().WallNs() / 1'000'000'000);
  if (!kept.ok()) LogWarning("a profile was not kept: " + kept.error().message);
}

Result<StepTimes> StoredTimes(const nlohmann::json& stored) {
  const JsonFields fields = TRY(JsonFields::Of(stored, ""));
  if (TRY(fields.IntegerOr("version", 0)) != kVersion) {
    return Error::Unsupported("profile of another version");
  }
  return StepTimesFromJson(TRY(fields.Object("step_times")));
}

class Profiler {
 public:
  Profiler(const Manifest& manifest, const ModelGraph& graph, const PlanningOptions& options,
           const PlanningProgress& progress)
      : manifest_(manifest),
        graph_(graph),
        options_(options),
        progress_(progress),
        store_(Store()) {}

  Result<StepTimes> Times(const DeviceInfo& device) {
    const ProfileKey key = KeyOf(device, Fingerprint(manifest_, graph_), options_.threads);
    if (!options_.remeasure) {
      const nlohmann::json stored = Stored(store_.get(), key);
      if (auto known = StoredTimes(stored); known.ok()) return known;
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
    Keep(store_.get(), key, {{"version", kVersion}, {"step_times", ToJson(times)}});
    return times;
  }

  Result<LinkProfile> HostLink() {
    const ProfileKey key{kLinkUuid, "", "", "ring"};
    const nlohmann::json stored = Stored(store_.get(), key);
    LinkProfile link;
    if (stored.is_object() && stored.contains("latency_us") && stored.contains("bytes_per_s")) {
      link.latency_us = stored["latency_us"];
      link.bytes_per_s = stored["bytes_per_s"];
      return link;
    }
    const int64_t waited = WaitedForCoresNs(), start = RealClock().NowNs();
    link = TRY(MeasureHostLink());
    const auto spent = static_cast<double>(RealClock().NowNs() - start);
    if (static_cast<double>(WaitedForCoresNs() - waited) > kDisturbed * spent) return link;
    Keep(store_.get(), key, {{"latency_us", link.latency_us}, {"bytes_per_s", link.bytes_per_s}});
    return link;
  }

 private:
  const Manifest& manifest_;
  const ModelGraph& graph_;
  const PlanningOptions& options_;
  const PlanningProgress& progress_;
  const std::unique_ptr<ProfileStore> store_;
};

// A device that cannot be measured is left out, with the reason in the plan, unless it was asked
// for by name.
Result<MachineProfile> Measure(Profiler& profiler, const PlanningOptions& options,
                               std::vector<DeviceInfo>* devices,
                               std::vector<Plan::Unused>* unusable) {
  MachineProfile machine;
  machine.name = "this machine";
  machine.default_link = TRY(profiler.HostLink());
  std::vector<DeviceInfo> kept;
  for (const DeviceInfo& device : *devices) {
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
    profile.step_times = *times;
    profile.step_times->chunk_rows = options.prefill_chunk;
    kept.push_back(device);
  }
  *devices = kept;
  if (kept.empty()) {
    return Error::Unavailable("no device can run this model: " +
                              (unusable->empty() ? "none is ready" : unusable->front().reason));
  }
  return machine;
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
  out.machine = TRY(Measure(profiler, options, &out.devices, &unusable));
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
  const auto store = Store();
  std::vector<int64_t> out;
  for (const InventoryEntry& entry : inventory.devices) {
    if (!store) {
      out.push_back(0);
      continue;
    }
    const auto last = store->LastMeasured(entry.info.uuid);
    out.push_back(last.ok() && *last ? **last : 0);
  }
  return out;
}

}  // namespace motley
