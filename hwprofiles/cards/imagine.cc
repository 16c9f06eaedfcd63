#include "hwprofiles/cards/imagine.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace motley {
namespace {

constexpr double kReserveShare = 0.05, kReserveBytes = 512.0 * (1 << 20);  // runtime and scratch
constexpr double kIdleShare = 0.1;     // of the board power, with a model loaded
constexpr double kGpuLaunchUs = 20;    // the kernels of one layer, launched as a graph
constexpr double kLinkLatencyUs = 10;  // a copy of a few bytes, synchronised
// Of the link's raw rate, after packet headers; and what a generation carries for each lane.
constexpr double kLinkShare = 0.8;
constexpr double kLaneBytesPerS[] = {0.25e9, 0.5e9, 0.985e9, 1.969e9, 3.938e9, 7.563e9};
constexpr int kMaxGeneration = 6, kMaxLanes = 16, kMaxCount = 16;

// Reached of memory reads at one sequence, and of dense arithmetic at long prompts.
struct Reached {
  double memory, arithmetic;
};
Reached ReachedBy(const CatalogEntry& entry) {
  if (entry.vendor == "NVIDIA") return {0.8, 0.5};
  if (entry.vendor == "AMD") return {0.6, 0.4};
  return {0.6, 0.3};
}

double LinkRate(const CatalogLink& slot) {
  return kLinkShare * kLaneBytesPerS[slot.generation - 1] * slot.lanes;
}

bool ReadNumber(std::string_view* text, int least, int most, int* out) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *out);
  if (error != std::errc() || *out < least || *out > most) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return true;
}

Error BadCard(std::string_view text) {
  return Error::Invalid("add", "\"" + std::string(text) +
                                   "\" is no card: NAME, NAME@genGxL (G 1 to 6, L 1 to 16) or "
                                   "NAME*N (N 1 to 16) is asked for");
}

Status ReadSlot(std::string_view slot, std::string_view whole, CatalogLink* out) {
  if (!slot.starts_with("gen")) return BadCard(whole);
  slot.remove_prefix(3);
  if (!ReadNumber(&slot, 1, kMaxGeneration, &out->generation)) return BadCard(whole);
  if (!slot.starts_with("x")) return BadCard(whole);
  slot.remove_prefix(1);
  if (!ReadNumber(&slot, 1, kMaxLanes, &out->lanes) || !slot.empty()) return BadCard(whole);
  return {};
}

std::string FreeId(const MachineProfile& machine, const std::string& wanted) {
  const auto taken = [&](const std::string& id) {
    return std::any_of(machine.devices.begin(), machine.devices.end(),
                       [&](const DeviceProfile& d) { return d.id == id; });
  };
  if (!taken(wanted)) return wanted;
  int number = 1;
  while (taken(wanted + "." + std::to_string(number))) ++number;
  return wanted + "." + std::to_string(number);
}

void Connect(const std::string& id, const std::string& other, const LinkProfile& way,
             MachineProfile* machine) {
  machine->links.push_back({id, other, way.latency_us, way.bytes_per_s});
  machine->links.push_back({other, id, way.latency_us, way.bytes_per_s});
}

void ConnectAll(const std::string& id, double bytes_per_s, MachineProfile* machine) {
  std::vector<std::pair<std::string, LinkProfile>> ways;
  for (const DeviceProfile& other : machine->devices) {
    const LinkProfile& theirs = machine->Link("host", other.id);
    LinkProfile way{id, other.id, kLinkLatencyUs, bytes_per_s};
    if (other.kind != "cpu" &&
        theirs.bytes_per_s > 0) {  // through host memory, one after the other
      way.latency_us += theirs.latency_us;
      way.bytes_per_s = std::min(bytes_per_s, theirs.bytes_per_s);
    }
    ways.emplace_back(other.id, way);
  }
  for (const auto& [other, way] : ways) Connect(id, other, way, machine);
  Connect(id, "host", {id, "host", kLinkLatencyUs, bytes_per_s}, machine);
}

Status CheckSheet(const CatalogEntry& entry) {
  if (entry.kind == "cpu") {
    return Error::Invalid("add", entry.name + " is a processor; only cards can be added");
  }
  if (!entry.memory_bytes || !entry.peak.bytes_per_s) {
    return Error::Invalid("add", "the data sheet of " + entry.name +
                                     " does not say its memory or how fast it reads it");
  }
  return {};
}

}  // namespace

PeakRates ReachableRates(const CatalogEntry& entry) {
  const Reached reached = ReachedBy(entry);
  const auto& [bytes, f32, f16, int8] = entry.peak;
  PeakRates peak;
  peak.bytes_per_s = bytes.value_or(0) * reached.memory;
  peak.f16_flops = std::max(f16.value_or(0), f32.value_or(0)) * reached.arithmetic;
  peak.int8_ops = int8.value_or(0) * reached.arithmetic;
  peak.launch_us = kGpuLaunchUs;
  return peak;
}

Result<CardChoice> ParseCard(const std::vector<CatalogEntry>& catalog, std::string_view text) {
  CardChoice choice;
  std::string_view name = text;
  if (const size_t star = name.rfind('*'); star != std::string_view::npos) {
    std::string_view count = name.substr(star + 1);
    if (!ReadNumber(&count, 1, kMaxCount, &choice.count) || !count.empty()) return BadCard(text);
    name = name.substr(0, star);
  }
  const size_t at = name.find('@');
  choice.entry = TRY(FindInCatalog(catalog, name.substr(0, at)));
  TRY(CheckSheet(*choice.entry));
  choice.slot = choice.entry->link.value_or(CatalogLink{3, 16});
  if (at != std::string_view::npos) TRY(ReadSlot(name.substr(at + 1), text, &choice.slot));
  if (choice.entry->link) {  // a slot can be less than the card was built for, not more
    choice.slot.generation = std::min(choice.slot.generation, choice.entry->link->generation);
    choice.slot.lanes = std::min(choice.slot.lanes, choice.entry->link->lanes);
  }
  return choice;
}

Status AddCards(const CardChoice& choice, MachineProfile* machine) {
  const CatalogEntry& entry = *choice.entry;
  TRY(CheckSheet(entry));
  const PeakRates whole = ReachableRates(entry);
  const double chips = entry.chips;
  for (int i = 0; i < choice.count * entry.chips; ++i) {
    DeviceProfile device;
    device.id = FreeId(*machine, entry.id);
    device.kind = entry.kind;
    device.name = entry.name;
    device.memory_bytes = *entry.memory_bytes / chips;
    device.usable_bytes =
        device.memory_bytes - std::max(kReserveShare * device.memory_bytes, kReserveBytes);
    device.usable_bytes = std::max(device.usable_bytes, 0.0);
    device.busy_w = entry.busy_w / chips;
    device.idle_w = kIdleShare * device.busy_w;
    device.peak = PeakRates{whole.bytes_per_s / chips, whole.f16_flops / chips,
                            whole.int8_ops / chips, whole.launch_us};
    ConnectAll(device.id, LinkRate(choice.slot), machine);
    machine->devices.push_back(std::move(device));
  }
  return {};
}

Status TakeOut(std::string_view device, MachineProfile* machine) {
  const auto found = std::find_if(machine->devices.begin(), machine->devices.end(),
                                  [&](const DeviceProfile& d) { return d.id == device; });
  if (found == machine->devices.end()) {
    std::string known;
    for (const DeviceProfile& d : machine->devices) known += (known.empty() ? "" : ", ") + d.id;
    return Error::NotFound("the machine has no device \"" + std::string(device) + "\"; it has " +
                           known);
  }
  machine->devices.erase(found);
  std::erase_if(machine->links,
                [&](const LinkProfile& l) { return l.from == device || l.to == device; });
  return {};
}

}  // namespace motley
