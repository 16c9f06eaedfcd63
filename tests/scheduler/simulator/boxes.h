#pragma once
// Small machines, models and plans for the simulator's tests, in round numbers.

#include <string>
#include <vector>

#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/simulator/simulator.h"
#include "scheduler/workload.h"

namespace motley {

// `layers` layers of 1 byte each and no embedding or head; a token's hidden state is 1 byte and its
// KV memory `kv_bytes` a layer.
Workload LayersOnly(int layers, double kv_bytes = 1);

// A device on which a layer takes prompt_us a prompt token and, for b sequences,
// decode_us + b x sequence_us.
DeviceProfile LinearDevice(const std::string& id, double prompt_us, double decode_us,
                           double sequence_us = 0, double usable_bytes = 1e12);

// Links with no latency and 1 byte per nanosecond unless said otherwise.
MachineProfile Machine(std::vector<DeviceProfile> devices, double latency_us = 0,
                       double bytes_per_s = 1e9);

// Layers dealt evenly to the devices, in order.
Replica EvenReplica(const std::vector<std::string>& devices, int layers, int micro_batch,
                    int max_sequences, double kv_tokens = 1e9);
Plan PlanOf(std::vector<Replica> replicas, Phase phase = Phase::kBoth);

// `count` requests at once.
std::vector<Arrival> Offline(int count, int prompt_tokens, int output_tokens);

}  // namespace motley
