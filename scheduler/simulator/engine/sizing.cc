// What a plan leaves open, chosen from what memory holds.

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "scheduler/simulator/engine/layout.h"

namespace motley::simulator {
namespace {

constexpr int kMostSequences = 1 << 20;

std::string Show(double bytes) {
  return FormatBytes(static_cast<uint64_t>(std::clamp(bytes, 0.0, 1e18)));
}

// A tied item's weights count where its twin is not in the run.
double Weights(const Workload& workload, const LaidStage& stage) {
  double bytes = 0, largest = 0;
  for (int i = stage.first; i <= stage.last; ++i) {
    const WorkloadItem& item = workload.items[i];
    const auto is_twin = [&](const WorkloadItem& other) { return other.name == item.tied_with; };
    const auto begin = workload.items.begin() + stage.first;
    const bool tied =
        !item.tied_with.empty() && std::any_of(begin, workload.items.begin() + i, is_twin);
    if (!tied) bytes += item.weight_bytes;
    largest = std::max(largest, item.weight_bytes);
  }
  // Streamed weights pass through two items' worth of memory.
  return stage.mode == StageMode::kStreamed ? std::min(bytes, 2 * largest) : bytes;
}

double KvBytesPerToken(const Workload& workload, const LaidStage& stage) {
  double layers = 0;
  for (int i = stage.first; i <= stage.last; ++i) layers += workload.items[i].IsLayer() ? 1 : 0;
  return layers * workload.kv_bytes_per_token_layer;
}

class Sizer {
 public:
  Sizer(const MachineProfile& machine, const Workload& workload, const Plan& plan,
        const Demand& demand, const SimulationOptions& options, Layout& layout)
      : machine_(machine),
        workload_(workload),
        plan_(plan),
        demand_(demand),
        options_(options),
        layout_(layout) {}

  Status Size() {
    CollectGiven();
    for (size_t r = 0; r < layout_.replicas.size(); ++r) {
      TRY(ChooseMemory(layout_.replicas[r], *given_[r]));
    }
    for (size_t r = 0; r < layout_.replicas.size(); ++r) {
      ChooseCohorts(layout_.replicas[r], *given_[r]);
    }
    for (LaidReplica& replica : layout_.replicas) replica.rate_rps = RateAlone(replica);
    ChooseWeights();
    for (LaidReplica& replica : layout_.replicas) {
      if (replica.by_device) replica.cohorts = replica.max_sequences;
    }
    return {};
  }

 private:
  void CollectGiven() {
    for (const Pool& pool : plan_.pools) {
      for (const Replica& replica : pool.replicas) given_.push_back(&replica);
    }
    claims_.assign(machine_.devices.size(), 0);
    for (size_t r = 0; r < layout_.replicas.size(); ++r) {
      for (const LaidStage& stage : layout_.replicas[r].stages) {
        claims_[stage.device] += Claim(*given_[r]);
      }
    }
  }

  // Replicas divide the KV memory of a device that they share as they divide requests.
  static double Claim(const Replica& given) { return given.share > 0 ? given.share : 1; }

  Status ChooseMemory(LaidReplica& replica, const Replica& given) {
    double part_tokens = std::numeric_limits<double>::infinity();
    bool crowded = false;
    for (const LaidStage& stage : replica.stages) {
      const DeviceProfile& device = machine_.devices[stage.device];
      const double weights = Weights(workload_, stage);
      const double per_token = KvBytesPerToken(workload_, stage);
      const double needed = per_token > 0 ? std::max(1.0, given.kv_tokens) * per_token : 0;
      if (weights + needed > device.usable_bytes * (1 + 1e-9)) {
        return NoMemory(replica, device, weights, needed);
      }
      if (per_token <= 0) continue;
      crowded |= weights + GivenKv(stage) > device.usable_bytes * (1 + 1e-9);
      const double part = Claim(given) / claims_[stage.device];
      part_tokens = std::min(part_tokens, (device.usable_bytes - weights) * part / per_token);
    }
    replica.kv_tokens =
        given.kv_tokens > 0 && !crowded ? given.kv_tokens : std::max(1.0, std::floor(part_tokens));
    if (given.kv_tokens > 0) replica.kv_tokens = std::min(replica.kv_tokens, given.kv_tokens);
    return {};
  }

  // KV memory that all replicas together were given on the stage's device.
  double GivenKv(const LaidStage& stage) const {
    double bytes = 0;
    for (size_t r = 0; r < layout_.replicas.size(); ++r) {
      for (const LaidStage& other : layout_.replicas[r].stages) {
        if (other.device != stage.device) continue;
        bytes += given_[r]->kv_tokens * KvBytesPerToken(workload_, other);
      }
    }
    return bytes;
  }

  static Error NoMemory(const LaidReplica& replica, const DeviceProfile& device, double weights,
                        double kv) {
    Error error;
    error.code = Code::kOutOfMemory;
    error.message = replica.key + " on " + device.id + ": weights need " + Show(weights) +
                    ", KV memory " + Show(kv) + ", " + Show(device.usable_bytes) + " are usable";
    error.field = device.id;
    error.remedy = "give the device fewer items, or lower kv_tokens";
    return error;
  }

  // As many sequences as memory holds, all of them at their full length and half a block beyond,
  // dealt to as many cohorts as there are stages.
  void ChooseCohorts(LaidReplica& replica, const Replica& given) {
    const auto stages = static_cast<double>(replica.stages.size());
    const double length = demand_.mean_prompt + options_.block_tokens / 2.0 +
                          (replica.phase == Phase::kPrefill ? 1 : demand_.mean_output);
    double sequences = given.max_sequences;
    if (sequences <= 0 && given.micro_batch > 0) sequences = given.micro_batch * stages;
    if (sequences <= 0) {
      sequences = std::min(replica.kv_tokens / length, options_.chunk_tokens * stages);
    }
    replica.max_sequences = static_cast<int>(std::clamp(sequences, 1.0, double{kMostSequences}));
    const bool chosen = given.micro_batch <= 0;
    const double batch = chosen ? std::ceil(replica.max_sequences / stages) : given.micro_batch;
    replica.micro_batch = static_cast<int>(std::clamp(batch, 1.0, double{kMostSequences}));
    replica.cohorts = (replica.max_sequences + replica.micro_batch - 1) / replica.micro_batch;
    replica.by_device = options_.batching == Batching::kDevice;
    for (const LaidStage& stage : replica.stages) {
      LaidDevice& device = layout_.devices[stage.device];
      replica.by_device |= device.shared && options_.batching == Batching::kAuto;
      // A chosen one is a part of what the device's memory holds, a given one is the device's.
      device.micro_batch = chosen ? device.micro_batch + replica.micro_batch
                                  : std::max(device.micro_batch, replica.micro_batch);
    }
    for (const LaidStage& stage : replica.stages) {
      LaidDevice& device = layout_.devices[stage.device];
      device.merges |= replica.by_device || device.shared;
    }
  }

  // Requests per second of the replica with all of its sequences running.
  double RateAlone(const LaidReplica& replica) const {
    const double outputs = replica.phase == Phase::kPrefill ? 1 : demand_.mean_output;
    const double batch = std::min(replica.micro_batch, replica.max_sequences);
    const double context = demand_.mean_prompt + outputs / 2;
    double slowest = 0, round = 0;
    for (const LaidStage& stage : replica.stages) {
      double us = 0;
      if (replica.phase != Phase::kDecode) {
        us += batch * stage.cost->Step(StepShape::Prompt(demand_.mean_prompt)).us;
      }
      if (replica.phase != Phase::kPrefill) {
        us += outputs * stage.cost->Step(StepShape::Decode(batch, context)).us;
      }
      slowest = std::max(slowest, us);
      round += us;
    }
    const double us = std::max(slowest, round / replica.cohorts);
    return us > 0 ? batch * 1e6 / us : 1;
  }

  // A share is of its pool's requests; between pools what they can do decides.
  void ChooseWeights() {
    std::vector<double> rates(plan_.pools.size(), 0), shares(plan_.pools.size(), 0);
    for (size_t r = 0; r < layout_.replicas.size(); ++r) {
      rates[layout_.replicas[r].pool] += layout_.replicas[r].rate_rps;
      shares[layout_.replicas[r].pool] += given_[r]->share;
    }
    for (size_t r = 0; r < layout_.replicas.size(); ++r) {
      LaidReplica& replica = layout_.replicas[r];
      replica.share_given = shares[replica.pool] > 0;
      replica.weight = replica.share_given
                           ? given_[r]->share / shares[replica.pool] * rates[replica.pool]
                           : replica.rate_rps;
    }
  }

  const MachineProfile& machine_;
  const Workload& workload_;
  const Plan& plan_;
  const Demand& demand_;
  const SimulationOptions& options_;
  Layout& layout_;
  std::vector<const Replica*> given_;
  std::vector<double> claims_;  // per device
};

}  // namespace

Status SizeReplicas(const MachineProfile& machine, const Workload& workload, const Plan& plan,
                    const Demand& demand, const SimulationOptions& options, Layout& layout) {
  return Sizer(machine, workload, plan, demand, options, layout).Size();
}

}  // namespace motley::simulator
