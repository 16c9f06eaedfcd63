#include "scheduler/partition/explain/shortage.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "scheduler/partition/memory.h"

namespace motley {
namespace {

// reach[set] = the furthest item that the devices of the set can hold a prefix up to. Devices of
// equal memory are counted, not told apart.
bool Reachable(const RunBytes& bytes, const std::vector<double>& usable) {
  std::map<double, int> sizes;
  for (const double size : usable) ++sizes[size];
  std::vector<std::vector<int>> furthest;  // [size][first]: the largest end that fits
  std::vector<int> strides, radixes;
  size_t states = 1;
  const int items = bytes.items();
  for (const auto& [size, count] : sizes) {
    std::vector<int> ends(items + 1, items);
    for (int first = 0; first < items; ++first) {
      int end = items;
      while (end > first && bytes(first, end) > size) --end;
      ends[first] = end;
    }
    furthest.push_back(std::move(ends));
    strides.push_back(static_cast<int>(states));
    radixes.push_back(count + 1);
    states *= count + 1;
  }
  std::vector<int> reach(states, 0);
  for (size_t state = 1; state < states; ++state) {
    for (size_t size = 0; size < strides.size(); ++size) {
      if (state / strides[size] % radixes[size] == 0) continue;
      reach[state] = std::max(reach[state], furthest[size][reach[state - strides[size]]]);
    }
    if (reach[state] == items) return true;
  }
  return false;
}

std::vector<double> UsableBytes(const MachineProfile& machine) {
  std::vector<double> out;
  for (const DeviceProfile& device : machine.devices) out.push_back(device.usable_bytes);
  return out;
}

// The longest context that fits, or -1 when the weights alone do not.
long LongestContext(const MachineProfile& machine, Workload workload) {
  const std::vector<double> usable = UsableBytes(machine);
  const auto fits = [&](long tokens) {
    workload.context_tokens = static_cast<double>(tokens);
    return Reachable(RunBytes(workload), usable);
  };
  long good = -1, bad = static_cast<long>(std::min(workload.context_tokens, 1e15)) + 1;
  while (bad - good > 1) {
    const long middle = good + (bad - good) / 2;
    (fits(middle) ? good : bad) = middle;
  }
  return good;
}

// The least memory that `device` lacks for everything to fit: to the byte, as far as a double has
// bytes.
double MissingOn(const RunBytes& bytes, std::vector<double> usable, size_t device) {
  const double had = usable[device];
  double bad = 0, good = bytes(0, bytes.items());
  while (good - bad > std::max(1.0, good * 1e-15)) {
    const double middle = std::floor((good + bad) / 2);
    usable[device] = had + middle;
    (Reachable(bytes, usable) ? good : bad) = middle;
  }
  return good;
}

std::string Names(const MachineProfile& machine) {
  if (machine.devices.size() > 4) {
    return "the " + std::to_string(machine.devices.size()) + " devices";
  }
  std::string names;
  for (size_t i = 0; i < machine.devices.size(); ++i) {
    if (i > 0) names += i + 1 == machine.devices.size() ? " and " : ", ";
    names += machine.devices[i].id;
  }
  return names;
}

size_t LargestDevice(const std::vector<double>& usable) {
  return std::max_element(usable.begin(), usable.end()) - usable.begin();
}

// Which of the three ways not to fit it is.
std::string Blame(const MachineProfile& machine, const Workload& workload, const RunBytes& bytes) {
  const std::vector<double> usable = UsableBytes(machine);
  const size_t largest = LargestDevice(usable);
  const std::string& name = machine.devices[largest].id;
  const double need = bytes(0, bytes.items());
  double total = 0;
  for (const double size : usable) total += size;
  if (usable.size() == 1) {
    return name + " has " + ShowBytes(total) + " usable: " + ShowBytes(need - total) + " short";
  }
  for (int item = 0; item < bytes.items(); ++item) {
    const double alone = bytes(item, item + 1);
    if (alone <= usable[largest]) continue;
    return workload.items[item].name + " alone needs " + ShowBytes(alone) +
           ", the largest device " + name + " has " + ShowBytes(usable[largest]) +
           " usable: " + ShowBytes(alone - usable[largest]) + " short";
  }
  const std::string have = Names(machine) + " have " + ShowBytes(total) + " usable together";
  if (need > total) return have + ": " + ShowBytes(need - total) + " short";
  return have + ", but no split in contiguous runs fits: " + name + " is " +
         ShowBytes(MissingOn(bytes, usable, largest)) + " short";
}

}  // namespace

bool SomethingFits(const MachineProfile& machine, const Workload& workload) {
  return Reachable(RunBytes(workload), UsableBytes(machine));
}

Error DescribeShortage(const MachineProfile& machine, const Workload& workload) {
  const RunBytes bytes(workload);
  const std::vector<double> usable = UsableBytes(machine);
  const size_t largest = LargestDevice(usable);
  const double need = bytes(0, bytes.items());
  const double cache =
      workload.kv_bytes_per_token_layer * workload.context_tokens * workload.layers;
  Error error;
  error.code = Code::kOutOfMemory;
  error.field = machine.devices[largest].id;
  error.message = "the model needs " + ShowBytes(need) + " (weights " + ShowBytes(need - cache) +
                  ", KV cache " + ShowBytes(cache) + " for " +
                  std::to_string(static_cast<long>(workload.context_tokens)) + " tokens); " +
                  Blame(machine, workload, bytes);
  error.remedy = ShowBytes(MissingOn(bytes, usable, largest)) + " more on " +
                 machine.devices[largest].id + " would make it fit";
  return error;
}

Error DescribeNoService(const MachineProfile& machine, const Workload& workload,
                        const Objective& objective) {
  Workload one = workload;
  one.context_tokens = objective.prompt_tokens + std::max(1, objective.output_tokens);
  if (!SomethingFits(machine, one)) return DescribeShortage(machine, one);
  Error error = DescribeShortage(machine, one);
  error.message = "one sequence fits, but not one for each stage of a pipeline";
  return error;
}

std::vector<WayToFit> WaysToFit(const MachineProfile& machine, const Workload& workload) {
  std::vector<WayToFit> ways;
  if (const long context = LongestContext(machine, workload); context > 0) {
    const std::string tokens = std::to_string(context);
    WayToFit way{"a context of at most " + tokens + " tokens fits (--ctx " + tokens + ")", machine,
                 workload};
    way.workload.context_tokens = static_cast<double>(context);
    ways.push_back(std::move(way));
  }
  Workload half = workload;
  half.kv_bytes_per_token_layer /= 2;
  if (half.kv_bytes_per_token_layer > 0 && SomethingFits(machine, half)) {
    ways.push_back({"KV memory of half the size fits", machine, half});
  }
  if (Reachable(RunBytes::Streamed(workload), UsableBytes(machine))) {
    ways.push_back({"streaming the weights from the host fits (--allow-streaming)", machine,
                    workload, StageModes::kResidentOrStreamed});
  }
  const RunBytes bytes(workload);
  const size_t largest = LargestDevice(UsableBytes(machine));
  const double missing = MissingOn(bytes, UsableBytes(machine), largest);
  WayToFit more{
      ShowBytes(missing) + " more on " + machine.devices[largest].id + " would make it fit",
      machine, workload};
  more.machine.devices[largest].usable_bytes += missing;
  ways.push_back(std::move(more));
  return ways;
}

}  // namespace motley
