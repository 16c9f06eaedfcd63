#pragma once
// What hardware can do, as data: motley.machine/1 of docs/formats.md. Plain data; JSON in and out.
// Times in microseconds, sizes in bytes.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "hwprofiles/step_times.h"
#include "hwprofiles/time_table.h"

namespace motley {

struct PhaseTables {
  TimeTable prefill;  // x: prompt tokens, y: us of one layer for all of them
  TimeTable decode;   // x: sequences in the batch, y: us of one layer for one token of each
};
struct ItemTimes {
  std::vector<double> prefill, decode;  // us per item: embed, layers..., head
};
struct PeakRates {
  double bytes_per_s = 0, f16_flops = 0, int8_ops = 0, launch_us = 0;
};
// t = t0 + ((bytes / bw)^p + (flops / pk)^p)^(1/p) of one kernel regime (cost-model 1.1); bw in
// bytes/us, pk in flop/us.
struct OpFit {
  std::string op, type, regime;
  double t0_us = 0, bytes_per_us = 0, flops_per_us = 0, p = 1;
};

struct DeviceProfile {
  std::string id, kind, name;
  // Of a group that works as one device (tensor parallel): the devices it is made of. Planned with
  // the group's own numbers, and never beside one of them.
  std::vector<std::string> members;
  double memory_bytes = 0;
  double usable_bytes = 0;
  double idle_w = 0, busy_w = 0;
  // What is known of its speed, best first.
  std::optional<ItemTimes> item_times;
  std::optional<PhaseTables> layer_times;
  std::optional<StepTimes> step_times;
  std::vector<OpFit> ops;
  std::optional<PeakRates> peak;
};

struct LinkProfile {
  std::string from, to;  // device ids; "host"
  double latency_us = 0, bytes_per_s = 0;
};

struct MachineProfile {
  std::string name;
  std::vector<DeviceProfile> devices;
  std::vector<LinkProfile> links;  // directed
  LinkProfile default_link;

  const LinkProfile& Link(const std::string& from, const std::string& to) const;
};

// Errors name the key ("devices[2].item_times_us.decode") and the limit: negative, NaN, missing,
// wrong length, major version.
Result<MachineProfile> MachineFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const MachineProfile& machine);

}  // namespace motley
