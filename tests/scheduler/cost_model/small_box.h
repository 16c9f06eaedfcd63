#pragma once
// One device and a workload of two layers, for tests of prices.

#include "hwprofiles/profile.h"
#include "scheduler/cost_model/cost_model.h"
#include "scheduler/workload.h"

namespace motley {

// embed 1 kB, two layers of 1 MB and 1 Mflop per token, head 2 MB and 4 Mflop; KV 100 B.
inline Workload TwoLayers() {
  Workload workload{.layers = 2, .hidden_bytes_per_token = 1000, .kv_bytes_per_token_layer = 100};
  workload.items = {{"embed", 1e3, 0, 0},
                    {"layer.0", 1e6, 1, 1e6},
                    {"layer.1", 1e6, 2, 1e6},
                    {"head", 2e6, 3, 4e6}};
  return workload;
}

inline MachineProfile One(DeviceProfile device) {
  device.id = "dev0";
  device.usable_bytes = 1e9;
  return {.devices = {std::move(device)}};
}

inline MachineProfile Two(const DeviceProfile& device) {
  MachineProfile machine = One(device);
  machine.devices.push_back(machine.devices[0]);
  machine.devices[1].id = "dev1";
  machine.default_link = {"", "", 5, 1e9};
  return machine;
}

}  // namespace motley
