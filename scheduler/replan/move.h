#pragma once
// Whether to leave a plan that works for a better one. Moving costs seconds of service, predictions
// are uncertain and load comes and goes, so a move must gain clearly more than it costs, and one
// that was taken back makes the next one wait longer. Pure but for what it remembers; one thread;
// time is the caller's. Source of the numbers: docs/how-motley-plans.md, "When to move".

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hwprofiles/profile.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

// What has to be loaded or copied to get from one plan to another.
struct Moved {
  double weight_bytes = 0;  // of items on devices that do not hold them yet
  double kv_bytes = 0;      // of live tokens whose layer changes its device
  double seconds = 0;       // all of it, over the links from the host and the disk
};
// `live_tokens`: in KV memory now. `disk_bytes_per_s` 0: weights come at the links' speed. A link
// that nobody measured costs nothing.
Moved WhatMoves(const MachineProfile& machine, const Workload& workload, const Plan& from,
                const Plan& to, double live_tokens, double disk_bytes_per_s);

// The plan to prefer: the best, or one within 3 % of it that moves fewer bytes from `current`.
// `rates`: of each, more is better. Index into plans, which are not empty.
size_t PreferFewestMoves(const MachineProfile& machine, const Workload& workload,
                         const Plan& current, const std::vector<Plan>& plans,
                         const std::vector<double>& rates);

struct MoveOffer {
  std::string to;             // plan id
  double rate_now = 0;        // tokens per second of the plan that serves, as things are
  double rate_new = 0;        // of the other one
  double sigma = 0;           // of the prediction, as a share of it
  double move_s = 0;          // WhatMoves().seconds and the work that is drained
  bool slo_missed = false;    // the service levels are not met now
  bool cannot_serve = false;  // the plan that serves needs a device that is gone
};

struct MoveVerdict {
  bool move = false;
  std::string reason;  // for people: the numbers that decided
};

class MoveJudge {
 public:
  static constexpr double kLeastGain = 0.08, kSigmas = 2, kPayback = 2;
  static constexpr int64_t kHorizonNs = 1'800'000'000'000;
  static constexpr int64_t kFirstDwellNs = 120'000'000'000, kLongestDwellNs = kHorizonNs;

  // `serving`: the id of the plan that serves from `now_ns` on.
  MoveJudge(int64_t now_ns, std::string serving);

  MoveVerdict Judge(int64_t now_ns, const MoveOffer& offer) const;
  // A move was made. Going back to the plan before doubles the dwell time.
  void Moved(int64_t now_ns, const std::string& to);
  // Load changed its kind: what is gained from now on counts from now on.
  void WorkloadChanged(int64_t now_ns) { workload_since_ns_ = now_ns; }
  int64_t dwell_ns() const { return dwell_ns_; }

 private:
  std::string serving_, before_;
  int64_t moved_at_ns_, workload_since_ns_;
  int64_t dwell_ns_ = 0;  // none before the first move
};

}  // namespace motley
