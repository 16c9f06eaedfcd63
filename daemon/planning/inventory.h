#pragma once
// The machine's inventory while a daemon runs: read once at the start, again when devices come, go
// or change, and again, behind an answer, when it is asked for and a minute old. So whoever asks
// waits for no driver.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "backends/discover.h"
#include "backends/discover/hotplug.h"
#include "base/clock.h"
#include "base/result.h"

namespace motley {

// Events of one card come in bursts: it is read when none came for so long, and while they go on
// and on, at least so often.
inline constexpr int64_t kQuietNs = 300'000'000, kLongestBurstNs = 3'000'000'000;
inline constexpr int64_t kStaleNs = 60'000'000'000;

// What differs between two inventories. A device is the same when its PCI address is, or, without
// one, its id.
struct InventoryChange {
  enum class Kind { kCame, kWent, kState };
  Kind kind = Kind::kCame;
  std::string text;  // "device nv0 came: RTX A4000, 0000:21:00.0, ready"
};
std::vector<InventoryChange> Changes(const Inventory& before, const Inventory& after);

struct InventoryCounts {
  uint64_t devices = 0;  // now
  uint64_t scans = 0, events = 0, came = 0, went = 0;
};

class InventoryKeeper {
 public:
  // Facts and probes; may take seconds. On the keeper's thread.
  using Scan = std::function<Result<Inventory>()>;

  // `events` may be null: then nothing is noticed but by age.
  InventoryKeeper(Scan scan, std::unique_ptr<DeviceEvents> events, Clock& clock);
  // Waits for a scan that runs.
  ~InventoryKeeper();

  // Reads the machine and then watches, on a thread of its own. At most once.
  void Start();
  // Waits for the first scan, never for a later one. Errors: the first scan's. Any thread.
  Result<std::shared_ptr<const Inventory>> Current();
  InventoryCounts counts() const;

  // One turn of the thread: scans if that is due, else waits for an event. Tests call it instead of
  // Start().
  void Turn();

 private:
  bool ScanIsDue();
  void ScanNow();
  void WaitForEvent();
  void Take(Inventory found);

  const Scan scan_;
  std::unique_ptr<DeviceEvents> events_;  // the thread's
  Clock& clock_;
  std::optional<int64_t> burst_ns_;  // first event that was not answered by a scan; the thread's
  int64_t last_event_ns_ = 0;        // the thread's

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::shared_ptr<const Inventory> current_;
  std::optional<Error> error_;  // of a first scan that failed
  InventoryCounts counts_;
  int64_t scanned_ns_ = 0;
  bool wanted_ = true, stop_ = false;
  std::thread thread_;
};

}  // namespace motley
