#include "hwprofiles/profile.h"

#include <nlohmann/json.hpp>
#include <set>

#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

Result<ItemTimes> ItemTimesFromJson(const JsonFields& fields) {
  ItemTimes times;
  if (fields.Has("prefill")) times.prefill = TRY(fields.Numbers("prefill"));
  if (fields.Has("decode")) times.decode = TRY(fields.Numbers("decode"));
  if (!times.prefill.empty() && !times.decode.empty() &&
      times.prefill.size() != times.decode.size()) {
    return Error::Invalid(fields.Path("decode"),
                          fields.Path("decode") + " has " + std::to_string(times.decode.size()) +
                              " numbers, prefill has " + std::to_string(times.prefill.size()));
  }
  return times;
}

Result<OpFit> FitFromJson(const JsonFields& fields) {
  OpFit fit;
  fit.op = TRY(fields.Text("op"));
  fit.type = TRY(fields.TextOr("type", ""));
  fit.regime = TRY(fields.TextOr("regime", ""));
  fit.t0_us = TRY(fields.NumberOr("t0_us", 0));
  fit.bytes_per_us = TRY(fields.Positive("bytes_per_us"));
  fit.flops_per_us = TRY(fields.Positive("flops_per_us"));
  fit.p = fields.Has("p") ? TRY(fields.Positive("p")) : 1.0;
  return fit;
}

Result<PeakRates> PeakFromJson(const JsonFields& fields) {
  PeakRates peak;
  peak.bytes_per_s = TRY(fields.Positive("bytes_per_s"));
  peak.f16_flops = TRY(fields.NumberOr("f16_flops", 0));
  peak.int8_ops = TRY(fields.NumberOr("int8_ops", 0));
  peak.launch_us = TRY(fields.NumberOr("launch_us", 0));
  return peak;
}

Status ReadSpeeds(const JsonFields& fields, DeviceProfile& device) {
  if (fields.Has("item_times_us")) {
    device.item_times = TRY(ItemTimesFromJson(TRY(fields.Object("item_times_us"))));
  }
  if (fields.Has("layer_times")) {
    const JsonFields tables = TRY(fields.Object("layer_times"));
    // Apart: an error in the middle of a braced list would leak what was already read.
    PhaseTables read;
    read.prefill = TRY(TimeTableFromJson(tables, "prefill"));
    read.decode = TRY(TimeTableFromJson(tables, "decode"));
    device.layer_times = std::move(read);
  }
  if (fields.Has("step_times")) {
    device.step_times = TRY(StepTimesFromJson(TRY(fields.Object("step_times"))));
  }
  const auto fits = TRY(fields.ObjectsOr("ops"));
  for (const JsonFields& fit : fits) {
    device.ops.push_back(TRY(FitFromJson(fit)));
  }
  if (fields.Has("peak")) device.peak = TRY(PeakFromJson(TRY(fields.Object("peak"))));
  return {};
}

Result<std::vector<std::string>> MembersFromJson(const JsonFields& fields) {
  std::vector<std::string> members;
  const json* ids = fields.Find("members");
  if (!ids || ids->is_null()) return members;
  for (size_t i = 0; ids->is_array() && i < ids->size(); ++i) {
    if ((*ids)[i].is_string()) members.push_back((*ids)[i].get<std::string>());
  }
  if (!ids->is_array() || members.size() != ids->size()) {
    return Error::Invalid(fields.Path("members"),
                          fields.Path("members") + " must be a list of device ids");
  }
  return members;
}

Result<DeviceProfile> DeviceFromJson(const JsonFields& fields) {
  DeviceProfile device;
  device.id = TRY(fields.Text("id"));
  if (device.id == "host") {
    return Error::Invalid(fields.Path("id"), fields.Path("id") + " is \"host\", a reserved name");
  }
  device.kind = TRY(fields.TextOr("kind", "other"));
  device.name = TRY(fields.TextOr("name", device.id));
  device.members = TRY(MembersFromJson(fields));
  if (!fields.Has("memory_bytes") || fields.Has("usable_bytes")) {
    device.usable_bytes = TRY(fields.Number("usable_bytes"));
    device.memory_bytes = TRY(fields.NumberOr("memory_bytes", device.usable_bytes));
  } else {
    device.memory_bytes = TRY(fields.Number("memory_bytes"));
    device.usable_bytes = device.memory_bytes;
  }
  if (fields.Has("power")) {
    const JsonFields power = TRY(fields.Object("power"));
    device.idle_w = TRY(power.NumberOr("idle_w", 0));
    device.busy_w = TRY(power.NumberOr("busy_w", 0));
  }
  TRY(ReadSpeeds(fields, device));
  return device;
}

Result<LinkProfile> LinkFromJson(const JsonFields& fields) {
  LinkProfile link;
  link.latency_us = TRY(fields.NumberOr("latency_us", 0));
  link.bytes_per_s = TRY(fields.Positive("bytes_per_s"));
  return link;
}

Status ReadLinks(const JsonFields& document, MachineProfile& machine) {
  std::set<std::string> ends = {"host"};
  for (const DeviceProfile& device : machine.devices) ends.insert(device.id);
  std::set<std::pair<std::string, std::string>> seen;
  const auto entries = TRY(document.ObjectsOr("links"));
  for (const JsonFields& fields : entries) {
    LinkProfile link = TRY(LinkFromJson(fields));
    link.from = TRY(fields.Text("from"));
    link.to = TRY(fields.Text("to"));
    for (const char* key : {"from", "to"}) {
      const std::string& end = key[0] == 'f' ? link.from : link.to;
      if (!ends.contains(end)) {
        return Error::Invalid(fields.Path(key),
                              fields.Path(key) + " is \"" + end + "\", no device has this id");
      }
    }
    if (!seen.emplace(link.from, link.to).second) {
      return Error::Invalid(fields.Path("to"), fields.Path("to") + ": the link " + link.from +
                                                   "->" + link.to + " is there twice");
    }
    machine.links.push_back(std::move(link));
  }
  if (document.Has("default_link")) {
    machine.default_link = TRY(LinkFromJson(TRY(document.Object("default_link"))));
  }
  return {};
}

json ToJson(const LinkProfile& link) {
  json out = {{"latency_us", link.latency_us}, {"bytes_per_s", link.bytes_per_s}};
  if (!link.from.empty()) out["from"] = link.from;
  if (!link.to.empty()) out["to"] = link.to;
  return out;
}

json ToJson(const OpFit& fit) {
  return {{"op", fit.op},
          {"type", fit.type},
          {"regime", fit.regime},
          {"t0_us", fit.t0_us},
          {"bytes_per_us", fit.bytes_per_us},
          {"flops_per_us", fit.flops_per_us},
          {"p", fit.p}};
}

// A phase that was not measured is left out: an empty list reads as an error.
template <class Times>
json PhasesToJson(const Times& times) {
  json out = json::object();
  if (!times.prefill.empty()) out["prefill"] = times.prefill;
  if (!times.decode.empty()) out["decode"] = times.decode;
  return out;
}

json ToJson(const DeviceProfile& device) {
  json out = {{"id", device.id},
              {"kind", device.kind},
              {"name", device.name},
              {"memory_bytes", device.memory_bytes},
              {"usable_bytes", device.usable_bytes},
              {"power", {{"idle_w", device.idle_w}, {"busy_w", device.busy_w}}}};
  if (!device.members.empty()) out["members"] = device.members;
  if (device.item_times) out["item_times_us"] = PhasesToJson(*device.item_times);
  if (device.layer_times) out["layer_times"] = PhasesToJson(*device.layer_times);
  if (device.step_times) out["step_times"] = ToJson(*device.step_times);
  if (!device.ops.empty()) {
    out["ops"] = json::array();
    for (const OpFit& fit : device.ops) out["ops"].push_back(ToJson(fit));
  }
  if (device.peak) {
    out["peak"] = {{"bytes_per_s", device.peak->bytes_per_s},
                   {"f16_flops", device.peak->f16_flops},
                   {"int8_ops", device.peak->int8_ops},
                   {"launch_us", device.peak->launch_us}};
  }
  return out;
}

}  // namespace

const LinkProfile& MachineProfile::Link(const std::string& from, const std::string& to) const {
  for (const LinkProfile& link : links) {
    if (link.from == from && link.to == to) return link;
  }
  return default_link;
}

Result<MachineProfile> MachineFromJson(const json& document) {
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  TRY(fields.CheckSchema("machine", 1));
  MachineProfile machine;
  machine.name = TRY(fields.TextOr("name", ""));
  std::set<std::string> ids;
  const auto entries = TRY(fields.Objects("devices"));
  for (const JsonFields& device : entries) {
    machine.devices.push_back(TRY(DeviceFromJson(device)));
    if (!ids.insert(machine.devices.back().id).second) {
      return Error::Invalid(device.Path("id"), device.Path("id") + " is \"" +
                                                   machine.devices.back().id +
                                                   "\", which another device has too");
    }
  }
  TRY(ReadLinks(fields, machine));
  return machine;
}

json ToJson(const MachineProfile& machine) {
  json out = {{"schema", "motley.machine/1"},
              {"name", machine.name},
              {"devices", json::array()},
              {"links", json::array()}};
  for (const DeviceProfile& device : machine.devices) out["devices"].push_back(ToJson(device));
  for (const LinkProfile& link : machine.links) out["links"].push_back(ToJson(link));
  if (machine.default_link.bytes_per_s > 0) out["default_link"] = ToJson(machine.default_link);
  return out;
}

}  // namespace motley
