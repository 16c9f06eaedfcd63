#include "scheduler/partition/service/evaluate_service.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "scheduler/partition/evaluate.h"
#include "scheduler/partition/memory.h"

namespace motley {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Path {
  const Replica* replica = nullptr;
  std::vector<DeviceRun> runs;
  std::vector<double> cycle_us;  // [stage]: its boundary included
  double share = 0;              // of its pool
  double tokens = 0;             // generated per cycle
  double Whole() const {
    double us = 0;
    for (const double stage : cycle_us) us += stage;
    return us;
  }
  double Slowest() const { return *std::max_element(cycle_us.begin(), cycle_us.end()); }
  double MicroBatchesInFlight() const {
    return 1.0 * replica->max_sequences / replica->micro_batch;
  }
};

struct Question {
  const MachineProfile& machine;
  const Workload& workload;
  const Objective& objective;
  const CostModel& model;
  double prompt() const { return objective.prompt_tokens; }
  double output() const { return std::max(1, objective.output_tokens); }
};

// One step of a stage and the boundary it comes in over.
double StepUs(const Question& q, const std::vector<DeviceRun>& runs, size_t stage, double rows,
              const StepShape& shape, StageMode mode) {
  const DeviceRun& run = runs[stage];
  double us = q.model.Stage(run.device, run.first, run.last, mode)->Step(shape).us;
  if (stage > 0) us += q.model.Boundary(runs[stage - 1].device, run.device, rows);
  return us;
}

double PromptUs(const Question& q, const Path& path, size_t stage) {
  return StepUs(q, path.runs, stage, q.prompt(), StepShape::Prompt(q.prompt()),
                path.replica->stages[stage].mode);
}

Result<Path> MakePath(const Question& q, Phase phase, const Replica& replica) {
  Path path;
  path.replica = &replica;
  path.runs = TRY(ResolveStages(q.machine, q.workload, replica.stages));
  path.tokens = phase == Phase::kPrefill ? q.output() : replica.micro_batch;
  for (size_t stage = 0; stage < path.runs.size(); ++stage) {
    double us = 0;
    if (phase != Phase::kPrefill) {
      const double batch = replica.micro_batch, context = q.prompt() + q.output() / 2;
      us += StepUs(q, path.runs, stage, batch, StepShape::Decode(batch, context),
                   replica.stages[stage].mode);
    }
    if (phase != Phase::kDecode && q.prompt() > 0) {
      us += path.tokens / q.output() * PromptUs(q, path, stage);
    }
    if (!std::isfinite(us)) {
      const std::string& id = q.machine.devices[static_cast<size_t>(path.runs[stage].device)].id;
      return Error::Invalid(id, id + ": times of a phase that it serves are unknown")
          .Fix("measure the device with `motley profile`, or give layer_times or peak");
    }
    path.cycle_us.push_back(us);
  }
  return path;
}

// Shares as given, or in proportion to what each path could do alone.
Status SetShares(const std::string& key, std::vector<Path>& paths) {
  double given = 0, total = 0;
  for (const Path& path : paths) given += path.replica->share;
  for (size_t i = 0; i < paths.size(); ++i) {
    Path& path = paths[i];
    if (given > 0 && !(path.replica->share > 0)) {
      return Error::Invalid(
          key, key + ".replicas[" + std::to_string(i) + "].share is 0, and others have one");
    }
    const double alone =
        path.tokens / std::max({path.Slowest(), 1e-3, path.Whole() / path.MicroBatchesInFlight()});
    path.share = given > 0 ? path.replica->share : alone;
    total += path.share;
  }
  for (Path& path : paths) path.share /= total;
  return {};
}

// A device's part over all paths that it is in.
struct Duty {
  int pool = -1;
  DeviceRun run;
  StageMode mode = StageMode::kResident;
  double kv_tokens = 0;
};

Status AddDuties(const Question& q, int pool, const Path& path, std::vector<Duty>& duties) {
  for (size_t stage = 0; stage < path.runs.size(); ++stage) {
    const DeviceRun& run = path.runs[stage];
    const StageMode mode = path.replica->stages[stage].mode;
    Duty& duty = duties[static_cast<size_t>(run.device)];
    const std::string& id = q.machine.devices[static_cast<size_t>(run.device)].id;
    const std::string key = "pools[" + std::to_string(pool) + "]";
    if (duty.pool >= 0 && duty.pool != pool) {
      return Error::Invalid(key, key + ": " + id + " is in pools[" + std::to_string(duty.pool) +
                                     "] too, a device serves one pool");
    }
    if (duty.pool >= 0 &&
        (duty.run.first != run.first || duty.run.last != run.last || duty.mode != mode)) {
      return Error::Invalid(
          key, key + ": " + id + " holds items " + std::to_string(duty.run.first) + "-" +
                   std::to_string(duty.run.last) + " and " + std::to_string(run.first) + "-" +
                   std::to_string(run.last) + ", it must hold the same in every replica");
    }
    duty = {pool, run, mode, duty.kv_tokens + path.replica->kv_tokens};
  }
  return {};
}

Status CheckMemory(const Question& q, const std::vector<Duty>& duties, ServiceValue& value) {
  for (size_t device = 0; device < duties.size(); ++device) {
    const Duty& duty = duties[device];
    if (duty.pool < 0) continue;
    Workload workload = q.workload;
    workload.context_tokens = duty.kv_tokens;
    const double needed = StageMemory(workload, duty.run.first, duty.run.last, duty.mode);
    const DeviceProfile& profile = q.machine.devices[device];
    // KV tokens of shares were rounded on the way.
    if (needed > profile.usable_bytes * (1 + 1e-12) + 1) {
      Error error;
      error.code = Code::kOutOfMemory;
      error.field = profile.id;
      error.message = profile.id + " needs " + ShowBytes(needed) + ", " +
                      ShowBytes(profile.usable_bytes) + " usable";
      error.remedy = "fewer sequences in flight, or fewer layers on it";
      return error;
    }
    value.memory_bytes[device] = needed;
    value.predicted.memory_bytes[profile.id] = needed;
    if (q.model.IsPrior(static_cast<int>(device))) value.predicted.prior.push_back(profile.id);
  }
  return {};
}

void Limit(double tokens_per_s, const std::string& by, ServiceValue& value) {
  if (tokens_per_s >= value.tokens_per_s) return;
  value.tokens_per_s = tokens_per_s;
  value.binding = by;
}

// No device busy more than all the time, no replica with more in flight than it may have.
void LimitByPool(const Question& q, Phase phase, const std::vector<Path>& paths,
                 ServiceValue& value) {
  std::vector<double> busy(q.machine.devices.size(), 0.0);
  for (const Path& path : paths) {
    for (size_t stage = 0; stage < path.runs.size(); ++stage) {
      busy[static_cast<size_t>(path.runs[stage].device)] +=
          path.share / path.tokens * path.cycle_us[stage];
    }
    const double whole = path.share / path.tokens * path.Whole();
    Limit(path.MicroBatchesInFlight() / std::max(whole, 1e-9) * 1e6, "sequences in flight", value);
    if (phase != Phase::kPrefill) value.sequences += path.replica->max_sequences;
  }
  for (size_t device = 0; device < busy.size(); ++device) {
    if (busy[device] > 0) {
      Limit(1e6 / busy[device], q.machine.devices[device].id + " compute", value);
    }
    value.busy_us[device] += busy[device];
  }
}

// KV memory goes from every prefill replica to every decode replica, as their shares are.
double LimitByHandOver(const Question& q, const std::vector<Path>& prefill,
                       const std::vector<Path>& decode, ServiceValue& value) {
  std::map<std::pair<int, int>, double> load_us;  // per request
  double waiting_us = 0;
  for (const Path& from : prefill) {
    for (const Path& to : decode) {
      double longest = 0;
      for (size_t stage = 0; stage < from.runs.size(); ++stage) {
        for (const DeviceRun& b : to.runs) {
          const DeviceRun& a = from.runs[stage];
          const int first = std::max(a.first, b.first), last = std::min(a.last, b.last);
          if (first > last) continue;
          const double us = q.model.KvTransfer(a.device, b.device, first, last, q.prompt());
          load_us[{a.device, b.device}] += from.share * to.share * us;
          longest = std::max(longest, us - from.cycle_us[stage]);
        }
      }
      waiting_us += from.share * to.share * longest;
    }
  }
  for (const auto& [ends, us] : load_us) {
    const auto name = [&](int d) { return q.machine.devices[static_cast<size_t>(d)].id; };
    Limit(q.output() / std::max(us, 1e-9) * 1e6,
          "link " + name(ends.first) + "->" + name(ends.second), value);
  }
  return waiting_us;
}

double MeanPromptUs(const Question& q, const std::vector<Path>& paths) {
  double us = 0;
  for (const Path& path : paths) {
    for (size_t stage = 0; stage < path.runs.size(); ++stage) {
      us += path.share * PromptUs(q, path, stage);
    }
  }
  return us;
}

Status CheckPhases(const std::vector<Pool>& pools) {
  const auto has = [&](Phase phase) {
    return std::any_of(pools.begin(), pools.end(),
                       [&](const Pool& pool) { return pool.phase == phase; });
  };
  const bool split = pools.size() == 2 && has(Phase::kPrefill) && has(Phase::kDecode);
  if ((pools.size() == 1 && has(Phase::kBoth)) || split) return {};
  return Error::Invalid("pools",
                        "pools must be one of phase both, or one of prefill and one of "
                        "decode: every request goes from prefill to decode, once");
}

}  // namespace

Result<ServiceValue> EvaluateService(const MachineProfile& machine, const Workload& workload,
                                     const Objective& objective, const CostModel& model,
                                     const std::vector<Pool>& pools) {
  const Question q{machine, workload, objective, model};
  TRY(CheckPhases(pools));
  ServiceValue value;
  value.tokens_per_s = kInfinity;
  value.busy_us.assign(machine.devices.size(), 0.0);
  value.memory_bytes.assign(machine.devices.size(), 0.0);
  std::vector<Duty> duties(machine.devices.size());
  std::map<Phase, std::vector<Path>> paths;
  for (size_t pool = 0; pool < pools.size(); ++pool) {
    const Phase phase = pools[pool].phase;
    for (const Replica& replica : pools[pool].replicas) {
      paths[phase].push_back(TRY(MakePath(q, phase, replica)));
      TRY(AddDuties(q, static_cast<int>(pool), paths[phase].back(), duties));
    }
    TRY(SetShares("pools[" + std::to_string(pool) + "]", paths[phase]));
    LimitByPool(q, phase, paths[phase], value);
  }
  TRY(CheckMemory(q, duties, value));
  const double waiting =
      pools.size() == 2 ? LimitByHandOver(q, paths[Phase::kPrefill], paths[Phase::kDecode], value)
                        : 0;
  const auto& first = paths[pools.size() == 2 ? Phase::kPrefill : Phase::kBoth];
  Prediction& predicted = value.predicted;
  predicted.ttft_s =
      objective.prompt_tokens > 0 ? (MeanPromptUs(q, first) + waiting) * 1e-6 : kUnknownNumber;
  predicted.decode_tokens_per_s = value.tokens_per_s;
  predicted.itl_s = value.sequences / value.tokens_per_s;
  predicted.prefill_tokens_per_s = value.tokens_per_s / q.output() * q.prompt();
  predicted.energy_j_per_token = EnergyPerToken(machine, value, value.tokens_per_s);
  return value;
}

double EnergyPerToken(const MachineProfile& machine, const ServiceValue& value,
                      double tokens_per_s) {
  double watts = 0;
  for (size_t device = 0; device < machine.devices.size(); ++device) {
    if (!(value.busy_us[device] > 0)) continue;
    const DeviceProfile& profile = machine.devices[device];
    if (!(profile.busy_w > 0)) return kUnknownNumber;
    const double busy = std::min(1.0, value.busy_us[device] * 1e-6 * tokens_per_s);
    watts += profile.idle_w + busy * (profile.busy_w - profile.idle_w);
  }
  return watts / tokens_per_s;
}

}  // namespace motley
