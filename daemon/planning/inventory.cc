#include "daemon/planning/inventory.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace motley {
namespace {

constexpr int kLongestWaitMs = 200;  // until a stop or a stale inventory is seen

const std::string& KeyOf(const InventoryEntry& entry) {
  return entry.info.pci.empty() ? entry.info.id : entry.info.pci;
}

const InventoryEntry* Find(const Inventory& inventory, const std::string& key) {
  const auto found = std::ranges::find(inventory.devices, key, KeyOf);
  return found == inventory.devices.end() ? nullptr : &*found;
}

std::string Describe(const DeviceInfo& info) {
  return info.name + (info.pci.empty() ? "" : ", " + info.pci) +
         (info.state.empty() ? "" : ", " + info.state);
}

}  // namespace

std::vector<InventoryChange> Changes(const Inventory& before, const Inventory& after) {
  using Kind = InventoryChange::Kind;
  std::vector<InventoryChange> out;
  for (const InventoryEntry& entry : before.devices) {
    if (Find(after, KeyOf(entry))) continue;
    out.push_back({Kind::kWent, "device " + entry.info.id + " went: " + Describe(entry.info)});
  }
  for (const InventoryEntry& entry : after.devices) {
    const DeviceInfo& info = entry.info;
    const InventoryEntry* old = Find(before, KeyOf(entry));
    if (!old) {
      out.push_back({Kind::kCame, "device " + info.id + " came: " + Describe(info)});
    } else if (old->info.state != info.state) {
      out.push_back({Kind::kState, "device " + info.id + " is " + info.state + ", was " +
                                       old->info.state +
                                       (info.reason.empty() ? "" : ": " + info.reason)});
    }
  }
  return out;
}

InventoryKeeper::InventoryKeeper(Scan scan, std::unique_ptr<DeviceEvents> events, Clock& clock)
    : scan_(std::move(scan)), events_(std::move(events)), clock_(clock) {}

InventoryKeeper::~InventoryKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void InventoryKeeper::Start() {
  thread_ = std::thread([this] {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (stop_) return;
      }
      Turn();
    }
  });
}

Result<std::shared_ptr<const Inventory>> InventoryKeeper::Current() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return current_ || error_ || stop_; });
  if ((current_ || error_) && clock_.NowNs() - scanned_ns_ > kStaleNs) wanted_ = true;
  if (current_) return current_;
  return error_ ? *error_ : Error::Unavailable("the service is stopping");
}

InventoryCounts InventoryKeeper::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void InventoryKeeper::Turn() {
  if (ScanIsDue()) {
    ScanNow();
  } else {
    WaitForEvent();
  }
}

bool InventoryKeeper::ScanIsDue() {
  const int64_t now = clock_.NowNs();
  if (burst_ns_ && (now - last_event_ns_ >= kQuietNs || now - *burst_ns_ >= kLongestBurstNs)) {
    return true;
  }
  const std::lock_guard lock(mutex_);
  return wanted_;
}

// What comes while it runs waits in the source and is answered by another scan.
void InventoryKeeper::ScanNow() {
  if (burst_ns_) LogDebug("devices changed: they are read again");
  burst_ns_.reset();
  Result<Inventory> found = scan_();
  {
    const std::lock_guard lock(mutex_);
    ++counts_.scans;
    wanted_ = false;
    scanned_ns_ = clock_.NowNs();
    if (!found.ok() && !current_) error_ = found.error();
  }
  if (found.ok()) {
    Take(found.ReleaseValue());
  } else {
    LogWarning("the devices could not be read: " + found.error().message);
  }
  changed_.notify_all();
}

void InventoryKeeper::Take(Inventory found) {
  auto next = std::make_shared<const Inventory>(std::move(found));
  std::vector<InventoryChange> changes;
  {
    const std::lock_guard lock(mutex_);
    if (current_) changes = Changes(*current_, *next);
    for (const InventoryChange& change : changes) {
      counts_.came += change.kind == InventoryChange::Kind::kCame;
      counts_.went += change.kind == InventoryChange::Kind::kWent;
    }
    counts_.devices = next->devices.size();
    current_ = std::move(next);
    error_.reset();
  }
  for (const InventoryChange& change : changes) LogInfo(change.text);
}

void InventoryKeeper::WaitForEvent() {
  int64_t wait_ms = kLongestWaitMs;
  if (burst_ns_) {
    const int64_t left = last_event_ns_ + kQuietNs - clock_.NowNs();
    wait_ms = std::clamp<int64_t>(left / 1'000'000 + 1, 1, kLongestWaitMs);
  }
  if (!events_) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return stop_; });
    return;
  }
  const auto event = events_->Next(static_cast<int>(wait_ms));
  if (!event.ok()) {
    LogWarning(event.error().message + "; devices that come or go are seen later");
    events_.reset();
    return;
  }
  if (!*event || !ConcernsDevices(**event)) return;
  last_event_ns_ = clock_.NowNs();
  if (!burst_ns_) burst_ns_ = last_event_ns_;
  const std::lock_guard lock(mutex_);
  ++counts_.events;
}

}  // namespace motley
