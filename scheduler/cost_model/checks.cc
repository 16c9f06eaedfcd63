#include "scheduler/cost_model/checks.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace motley {
namespace {

bool Bad(double value) { return !std::isfinite(value) || value < 0; }

bool AnyBad(std::initializer_list<double> values) { return std::ranges::any_of(values, Bad); }

Status CheckWorkload(const Workload& workload) {
  if (workload.items.empty()) return Error::Invalid("items", "the workload has no items");
  for (const WorkloadItem& item : workload.items) {
    const Experts& e = item.experts;
    if (AnyBad({item.weight_bytes, item.cost, item.flops_per_token, item.window_tokens, e.count,
                e.per_token, e.bytes}) ||
        e.per_token > e.count || e.count * e.bytes > item.weight_bytes) {
      return Error::Invalid(item.name, item.name + ": numbers must be finite and at least 0");
    }
  }
  if (AnyBad({workload.hidden_bytes_per_token, workload.kv_bytes_per_token_layer,
              workload.context_tokens, workload.attention_flops_per_pair})) {
    return Error::Invalid("workload", "the workload's numbers must be finite and at least 0");
  }
  return {};
}

Status CheckItemTimes(const DeviceProfile& device, const char* phase,
                      const std::vector<double>& times, size_t items) {
  if (times.empty()) return {};
  const std::string key = device.id + ".item_times_us." + phase;
  if (times.size() != items) {
    return Error::Invalid(key, key + " has " + std::to_string(times.size()) +
                                   " numbers, the workload has " + std::to_string(items) +
                                   " items");
  }
  for (size_t i = 0; i < times.size(); ++i) {
    if (!Bad(times[i])) continue;
    return Error::Invalid(device.id, device.id + ": " + phase + " times: item " +
                                         std::to_string(i) + " takes " + std::to_string(times[i]) +
                                         " us, must be finite and at least 0");
  }
  return {};
}

Status CheckTable(const std::string& key, const TimeTable& table) {
  for (size_t i = 0; i < table.size(); ++i) {
    const auto& [x, us] = table[i];
    if (AnyBad({x, us}) || (i > 0 && x <= table[i - 1].first)) {
      return Error::Invalid(key, key + "[" + std::to_string(i) +
                                     "]: numbers must be finite and at least 0, the first growing");
    }
  }
  return {};
}

Status CheckTables(const DeviceProfile& device, size_t items) {
  if (device.item_times) {
    TRY(CheckItemTimes(device, "prefill", device.item_times->prefill, items));
    TRY(CheckItemTimes(device, "decode", device.item_times->decode, items));
  }
  if (device.layer_times) {
    TRY(CheckTable(device.id + ".layer_times.prefill", device.layer_times->prefill));
    TRY(CheckTable(device.id + ".layer_times.decode", device.layer_times->decode));
  }
  if (!device.step_times) return {};
  const StepTimes& steps = *device.step_times;
  const std::string key = device.id + ".step_times";
  TRY(CheckTable(key + ".prefill", steps.prefill));
  TRY(CheckTable(key + ".decode_by_past", steps.decode_by_past));
  TRY(CheckTable(key + ".decode_by_batch", steps.decode_by_batch));
  TRY(CheckTable(key + ".head", steps.head));
  if (steps.prefill.empty() || steps.decode_by_past.empty() || steps.head.empty() ||
      steps.layers < 1 ||
      AnyBad({steps.batch_past, steps.attention_us_per_row_token,
              steps.batch_attention_us_per_token, steps.step_us, steps.chunk_rows})) {
    return Error::Invalid(key, key +
                                   " needs prefill, decode_by_past and head, at least one layer, "
                                   "and numbers that are finite and at least 0");
  }
  return {};
}

Status CheckRates(const DeviceProfile& device) {
  for (const OpFit& fit : device.ops) {
    if (AnyBad({fit.t0_us}) || !(fit.bytes_per_us > 0) || !(fit.flops_per_us > 0) || !(fit.p > 0)) {
      return Error::Invalid(device.id + ".ops", device.id + ".ops: " + fit.op + " " + fit.type +
                                                    ": rates must be over 0");
    }
  }
  if (!device.peak) return {};
  const PeakRates& peak = *device.peak;
  if (!(peak.bytes_per_s > 0) || AnyBad({peak.f16_flops, peak.launch_us})) {
    return Error::Invalid(device.id + ".peak", device.id +
                                                   ".peak: bytes_per_s must be over 0, the "
                                                   "others finite and at least 0");
  }
  return {};
}

Status CheckLinks(const MachineProfile& machine) {
  for (const DeviceProfile& from : machine.devices) {
    for (const DeviceProfile& to : machine.devices) {
      if (&from == &to) continue;
      const LinkProfile& link = machine.Link(from.id, to.id);
      if (link.bytes_per_s > 0 && !Bad(link.latency_us)) continue;
      return Error::Invalid("default_link", "the link " + from.id + "->" + to.id +
                                                " is not in links and default_link is missing");
    }
  }
  return {};
}

}  // namespace

Status CheckPriceable(const MachineProfile& machine, const Workload& workload) {
  if (machine.devices.empty()) return Error::Invalid("devices", "the machine has no devices");
  TRY(CheckWorkload(workload));
  for (const DeviceProfile& device : machine.devices) {
    if (Bad(device.usable_bytes)) {
      return Error::Invalid("usable_bytes", device.id + ".usable_bytes must be at least 0");
    }
    TRY(CheckTables(device, workload.items.size()));
    TRY(CheckRates(device));
  }
  return CheckLinks(machine);
}

}  // namespace motley
