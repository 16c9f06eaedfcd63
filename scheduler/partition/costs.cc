#include "scheduler/partition/costs.h"

#include <algorithm>
#include <cmath>

#include "hwprofiles/op_fit.h"

namespace motley {
namespace {

using Phase = FitPhase;

const char* PhaseName(Phase phase) { return phase == Phase::kPrefill ? "prefill" : "decode"; }

// What one item reads and computes for `tokens` tokens, where only weights and FLOPs are known.
struct ItemWork {
  double bytes = 0, flops = 0;
};

ItemWork WorkOf(const Workload& workload, const WorkloadItem& item, double tokens) {
  if (item.name == "embed") return {tokens * workload.hidden_bytes_per_token, 0};
  if (item.name == "head") return {item.weight_bytes, item.flops_per_token};
  return {item.weight_bytes, item.flops_per_token * tokens};
}

FittedCall MatricesOf(const Workload& workload, const WorkloadItem& item, Phase phase,
                      double tokens) {
  const ItemWork work = WorkOf(workload, item, tokens);
  const double rows = item.name == "head" ? 1 : tokens;
  return {"mul_mat", item.type, phase, rows, work.bytes, work.flops};
}

// Of one layer: the prompt's rows attend to each other, a generated token to all before it.
FittedCall AttentionOf(const Workload& workload, const Objective& objective, Phase phase) {
  const double kv = workload.kv_bytes_per_token_layer, hidden = workload.hidden_bytes_per_token;
  const bool prefill = phase == Phase::kPrefill;
  const double prompt = objective.prompt_tokens;
  const double context = std::max(1.0, prompt + objective.output_tokens / 2.0);
  const double rows = prefill ? prompt : 1, tokens = prefill ? prompt : context;
  const double pairs = prefill ? prompt * (prompt + 1) / 2 : context;
  return {prefill ? "attention.prefill" : "attention.decode",
          "",
          phase,
          prefill ? rows : tokens,
          tokens * kv + 2 * rows * hidden,
          workload.attention_flops_per_pair * pairs};
}

bool Fitted(const DeviceProfile& device, const Workload& workload, Phase phase, double tokens) {
  return std::ranges::all_of(workload.items, [&](const WorkloadItem& item) {
    return FitFor(device.ops, MatricesOf(workload, item, phase, tokens)) != nullptr;
  });
}

double PeakTime(const PeakRates& peak, const ItemWork& work) {
  const double reading = work.bytes / peak.bytes_per_s * 1e6;
  const double computing = peak.f16_flops > 0 ? work.flops / peak.f16_flops * 1e6 : 0;
  return peak.launch_us + std::max(reading, computing);
}

std::vector<double> FromTable(const TimeTable& table, const Workload& workload, double x) {
  if (table.empty()) return {};
  const double layer = Interpolate(table, x);
  std::vector<double> out;
  for (const WorkloadItem& item : workload.items) out.push_back(item.cost * layer);
  return out;
}

std::vector<double> FromFits(const DeviceProfile& device, const Workload& workload,
                             const Objective& objective, Phase phase, double tokens) {
  const bool attends = workload.attention_flops_per_pair > 0;
  const double attention =
      attends ? PriceUs(device.ops, AttentionOf(workload, objective, phase)).value_or(0) : 0;
  std::vector<double> out;
  for (const WorkloadItem& item : workload.items) {
    const auto us = PriceUs(device.ops, MatricesOf(workload, item, phase, tokens));
    out.push_back(us.value_or(0) + (item.IsLayer() ? attention : 0));
  }
  return out;
}

std::vector<double> FromPeak(const PeakRates& peak, const Workload& workload, double tokens) {
  std::vector<double> out;
  for (const WorkloadItem& item : workload.items) {
    out.push_back(PeakTime(peak, WorkOf(workload, item, tokens)));
  }
  return out;
}

std::vector<double> TimesOf(const DeviceProfile& device, const Workload& workload,
                            const Objective& objective, Phase phase, double tokens) {
  const bool prefill = phase == Phase::kPrefill;
  if (device.item_times) return prefill ? device.item_times->prefill : device.item_times->decode;
  if (device.layer_times) {
    return FromTable(prefill ? device.layer_times->prefill : device.layer_times->decode, workload,
                     tokens);
  }
  if (Fitted(device, workload, phase, tokens)) {
    return FromFits(device, workload, objective, phase, tokens);
  }
  return device.peak ? FromPeak(*device.peak, workload, tokens) : std::vector<double>();
}

bool IsPrior(const DeviceProfile& device, const Workload& workload) {
  return !device.item_times && !device.layer_times && !Fitted(device, workload, Phase::kDecode, 1);
}

Status CheckTimes(const DeviceProfile& device, const Workload& workload, Phase phase, bool needed,
                  const std::vector<double>& times) {
  const std::string key = device.id + ": " + PhaseName(phase) + " times";
  if (times.empty()) {
    if (!needed) return {};
    return Error::Invalid(device.id, key + " are unknown, and the objective counts them")
        .Fix(
            "measure the device with `motley profile`, or give item_times_us, layer_times or peak");
  }
  if (times.size() != workload.items.size()) {
    return Error::Invalid(device.id + ".item_times_us." + PhaseName(phase),
                          device.id + ".item_times_us." + PhaseName(phase) + " has " +
                              std::to_string(times.size()) + " numbers, the workload has " +
                              std::to_string(workload.items.size()) + " items");
  }
  for (size_t i = 0; i < times.size(); ++i) {
    if (!std::isfinite(times[i]) || times[i] < 0) {
      return Error::Invalid(device.id, key + ": item " + std::to_string(i) + " takes " +
                                           std::to_string(times[i]) +
                                           " us, must be finite and at least 0");
    }
  }
  return {};
}

Result<ItemCosts> PriceDevice(const DeviceProfile& device, const Workload& workload,
                              const Objective& objective) {
  ItemCosts costs;
  if (objective.prompt_tokens > 0) {
    costs.prefill = TimesOf(device, workload, objective, Phase::kPrefill, objective.prompt_tokens);
  }
  costs.decode = TimesOf(device, workload, objective, Phase::kDecode, 1);
  costs.prior = IsPrior(device, workload);
  TRY(CheckTimes(device, workload, Phase::kPrefill, NeedsPrefill(objective), costs.prefill));
  TRY(CheckTimes(device, workload, Phase::kDecode, NeedsDecode(objective), costs.decode));
  return costs;
}

Status PriceLinks(const MachineProfile& machine, const Workload& workload,
                  const Objective& objective, Costs& costs) {
  const size_t count = machine.devices.size();
  costs.prefill_link.assign(count * count, 0);
  costs.decode_link.assign(count * count, 0);
  for (size_t from = 0; from < count; ++from) {
    for (size_t to = 0; to < count; ++to) {
      if (from == to) continue;
      const std::string& a = machine.devices[from].id;
      const std::string& b = machine.devices[to].id;
      const LinkProfile& link = machine.Link(a, b);
      if (!(link.bytes_per_s > 0) || !(link.latency_us >= 0) || !std::isfinite(link.latency_us)) {
        return Error::Invalid("default_link", "the link " + a + "->" + b +
                                                  " is not in links and default_link is missing");
      }
      const double token_us = workload.hidden_bytes_per_token / link.bytes_per_s * 1e6;
      costs.prefill_link[from * count + to] = link.latency_us + objective.prompt_tokens * token_us;
      costs.decode_link[from * count + to] = link.latency_us + token_us;
    }
  }
  return {};
}

Status CheckSizes(const MachineProfile& machine, const Workload& workload,
                  const Objective& objective) {
  const auto bad = [](double value) { return !std::isfinite(value) || value < 0; };
  if (machine.devices.empty()) return Error::Invalid("devices", "the machine has no devices");
  if (workload.items.empty()) return Error::Invalid("items", "the workload has no items");
  for (const DeviceProfile& device : machine.devices) {
    if (bad(device.usable_bytes)) {
      return Error::Invalid("usable_bytes", device.id + ".usable_bytes must be at least 0");
    }
  }
  for (const WorkloadItem& item : workload.items) {
    if (bad(item.weight_bytes) || bad(item.cost) || bad(item.flops_per_token)) {
      return Error::Invalid(item.name, item.name + ": numbers must be finite and at least 0");
    }
  }
  if (bad(workload.hidden_bytes_per_token) || bad(workload.kv_bytes_per_token_layer) ||
      bad(workload.context_tokens) || bad(workload.attention_flops_per_pair)) {
    return Error::Invalid("workload", "the workload's numbers must be finite and at least 0");
  }
  if (objective.prompt_tokens < 0) {
    return Error::Invalid(
        "prompt_tokens",
        "prompt_tokens is " + std::to_string(objective.prompt_tokens) + ", must be at least 0");
  }
  if (objective.output_tokens < 0) {
    return Error::Invalid(
        "output_tokens",
        "output_tokens is " + std::to_string(objective.output_tokens) + ", must be at least 0");
  }
  return {};
}

}  // namespace

bool NeedsPrefill(const Objective& objective) {
  return objective.kind == ObjectiveKind::kLatency && objective.prompt_tokens > 0;
}

bool NeedsDecode(const Objective& objective) {
  return objective.kind == ObjectiveKind::kBottleneck || objective.output_tokens > 0;
}

double Interpolate(const TimeTable& table, double x) {
  if (table.size() == 1) return table[0].second;
  size_t right = 1;
  while (right + 1 < table.size() && table[right].first < x) ++right;
  const auto& [x0, y0] = table[right - 1];
  const auto& [x1, y1] = table[right];
  return std::max(0.0, y0 + (y1 - y0) * (x - x0) / (x1 - x0));
}

Result<Costs> PriceItems(const MachineProfile& machine, const Workload& workload,
                         const Objective& objective) {
  TRY(CheckSizes(machine, workload, objective));
  Costs costs;
  for (const DeviceProfile& device : machine.devices) {
    costs.devices.push_back(TRY(PriceDevice(device, workload, objective)));
  }
  TRY(PriceLinks(machine, workload, objective, costs));
  return costs;
}

}  // namespace motley
