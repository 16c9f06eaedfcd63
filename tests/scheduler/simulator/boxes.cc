#include "tests/scheduler/simulator/boxes.h"

namespace motley {

Workload LayersOnly(int layers, double kv_bytes) {
  Workload workload;
  workload.name = "layers";
  workload.layers = layers;
  workload.hidden_bytes_per_token = 1;
  workload.kv_bytes_per_token_layer = kv_bytes;
  workload.context_tokens = 1;
  for (int i = 0; i < layers; ++i) {
    workload.items.push_back({.name = "layer." + std::to_string(i), .weight_bytes = 1});
  }
  return workload;
}

DeviceProfile LinearDevice(const std::string& id, double prompt_us, double decode_us,
                           double sequence_us, double usable_bytes) {
  DeviceProfile device;
  device.id = id;
  device.usable_bytes = device.memory_bytes = usable_bytes;
  device.idle_w = 10;
  device.busy_w = 110;
  device.layer_times = PhaseTables{{{0, 0}, {1000, 1000 * prompt_us}},
                                   {{0, decode_us}, {1000, decode_us + 1000 * sequence_us}}};
  return device;
}

MachineProfile Machine(std::vector<DeviceProfile> devices, double latency_us, double bytes_per_s) {
  MachineProfile machine;
  machine.name = "box";
  machine.devices = std::move(devices);
  machine.default_link = {"", "", latency_us, bytes_per_s};
  return machine;
}

Replica EvenReplica(const std::vector<std::string>& devices, int layers, int micro_batch,
                    int max_sequences, double kv_tokens) {
  Replica replica;
  const int count = static_cast<int>(devices.size());
  for (int d = 0; d < count; ++d) {
    replica.stages.push_back({devices[d], layers * d / count, layers * (d + 1) / count - 1});
  }
  replica.micro_batch = micro_batch;
  replica.max_sequences = max_sequences;
  replica.kv_tokens = kv_tokens;
  return replica;
}

Plan PlanOf(std::vector<Replica> replicas, Phase phase) {
  Plan plan;
  plan.pools = {{phase, std::move(replicas)}};
  return plan;
}

std::vector<Arrival> Offline(int count, int prompt_tokens, int output_tokens) {
  return std::vector<Arrival>(static_cast<size_t>(count), {0, prompt_tokens, output_tokens});
}

}  // namespace motley
