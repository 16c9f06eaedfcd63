#include "scheduler/replan/trigger.h"

#include <algorithm>
#include <cmath>

namespace motley {

const char* ReplanCauseName(ReplanCause cause) {
  switch (cause) {
    case ReplanCause::kDeviceGone:
      return "device gone";
    case ReplanCause::kDeviceCame:
      return "device came";
    case ReplanCause::kThrottled:
      return "device not as fast as planned";
    case ReplanCause::kDrift:
      return "predictions drift";
    case ReplanCause::kPeriodic:
      return "periodic";
  }
  return "";
}

std::optional<ReplanRequest> ReplanTrigger::Changes(const std::vector<DeviceHealth>& devices) {
  const auto is_there = [&](const std::string& id) {
    return std::any_of(devices.begin(), devices.end(),
                       [&](const DeviceHealth& d) { return d.device == id; });
  };
  for (const auto& [id, seen] : seen_) {
    if (is_there(id)) continue;
    const ReplanRequest gone{ReplanCause::kDeviceGone, id};
    seen_.erase(id);
    return gone;
  }
  for (const DeviceHealth& device : devices) {
    if (seen_.emplace(device.device, Seen()).second && started_) {
      return ReplanRequest{ReplanCause::kDeviceCame, device.device};
    }
  }
  return std::nullopt;
}

std::optional<ReplanRequest> ReplanTrigger::Slowdowns(int64_t now_ns,
                                                      const std::vector<DeviceHealth>& devices) {
  std::optional<ReplanRequest> request;
  for (const DeviceHealth& device : devices) {
    Seen& seen = seen_[device.device];
    if (!(std::abs(device.slowdown - 1) > kSlowdownBand)) {
      seen = {};
      continue;
    }
    if (!seen.off_since_ns) seen.off_since_ns = now_ns;
    if (request || seen.told || now_ns - *seen.off_since_ns < kSlowdownNs) continue;
    seen.told = true;
    request = {ReplanCause::kThrottled, device.device};
  }
  return request;
}

std::optional<ReplanRequest> ReplanTrigger::Look(int64_t now_ns,
                                                 const std::vector<DeviceHealth>& devices) {
  std::optional<ReplanRequest> request = Changes(devices);
  if (!started_) {
    started_ = true;
    last_ns_ = now_ns;
  }
  if (!request) request = Slowdowns(now_ns, devices);
  for (const DeviceHealth& device : devices) {
    if (!request && device.drifted) request = {ReplanCause::kDrift, device.device};
  }
  if (!request && now_ns - last_ns_ >= kPeriodNs) request = ReplanRequest{};
  if (request) last_ns_ = now_ns;
  return request;
}

}  // namespace motley
