#pragma once
// The event loop. Requests arrive at the entry station (the replicas of pools for both phases and
// for prefill), bind to a cohort that has room, run as batches from device to device, and, where
// phases are apart, go with their KV memory to the decode station. Made for one run; one thread.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/cost_model/cost_model.h"
#include "scheduler/simulator/engine/cohort.h"
#include "scheduler/simulator/engine/devices.h"
#include "scheduler/simulator/engine/events.h"
#include "scheduler/simulator/engine/layout.h"
#include "scheduler/simulator/engine/recorder.h"

namespace motley::simulator {

struct Inputs {
  const MachineProfile& machine;
  const CostModel& costs;
  const Layout& layout;
  const std::vector<Arrival>& arrivals;
  const SimulationOptions& options;
  int longest = 1;  // tokens of one request
};

class Simulation {
 public:
  explicit Simulation(const Inputs& inputs);
  SimulationResult Run();

 private:
  struct ReplicaState {
    std::vector<int> cohorts;
    std::vector<int> stalled;  // cohorts that have requests and no blocks for a batch
    std::shared_ptr<BlockLedger> blocks;
    int kv_blocks = 0, block_tokens = 1;
    int lost_devices = 0, never_back = 0;
    double assigned = 0;  // requests so far
    int sequences = 0;    // now
    uint64_t epoch = 1;   // grows when it loses a device
  };
  // Replicas that take requests from one queue, and what waits for them.
  struct Station {
    std::vector<int> replicas;
    std::deque<int> flights;
    bool by_share = false;
    int64_t longest = 0;  // tokens of the longest request that one of them could ever hold
  };
  struct Choice {
    int cohort = -1;
    double score = 0;
  };

  // simulation.cc: requests.
  void Arrive();
  void Handle(const Event& event);
  bool Head(Station& station, Flight& head) const;
  int TakeHead(Station& station);
  void Bind(Station& station);
  void Settle();
  void Stall(int cohort);
  void Answer(int flight, bool completed);
  Station& StationOf(int replica);
  bool EverFits(const Station& station, const Flight& flight) const;

  // routing.cc: which cohort.
  Choice Choose(Station& station, const Flight& flight);
  int BestCohort(ReplicaState& replica, int64_t tokens, int64_t worst);
  bool HasBlocks(const ReplicaState& replica, int blocks) const;
  Request MakeRequest(int replica, const Flight& flight) const;
  void Join(int cohort, int flight);
  void MeasureStation(Station& station);

  // steps.cc: batches.
  void StartBatch(int cohort);
  void Queue(int cohort);
  void Serve(int device);
  void FinishStep(int device);
  void Advance(int cohort);
  void Complete(int cohort);
  void Update(int cohort, const RequestUpdate& update);

  // hand_over.cc: KV memory between pools.
  void SendKv(int cohort, int flight);
  double LatencyUs(int from, int to) const;
  double KvArrival(const LaidReplica& from, const LaidReplica& to, const Flight& flight);
  void KvReady(int transfer);

  // failures.cc: devices that go and come back.
  void Fail(int failure);
  void Back(int failure);
  void LoseReplica(int replica, const std::string& device);

  // report.cc
  SimulationResult Report();
  void CheckConservation();
  void Violate(const std::string& what);

  double& LinkFree(int from, int to) {
    return link_free_us_[static_cast<size_t>(from) * devices_.size() + static_cast<size_t>(to)];
  }

  struct Transfer {
    int cohort = 0, flight = 0, blocks = 0;
    uint64_t epoch = 0;  // of the replica
    bool done = true;
  };

  const Inputs in_;
  EventQueue events_;
  Recorder recorder_;
  Flights flights_;
  std::vector<std::unique_ptr<Cohort>> cohorts_;
  std::vector<SimDevice> devices_;
  std::vector<ReplicaState> replicas_;
  std::vector<double> link_free_us_;
  std::vector<Transfer> transfers_;
  std::vector<int> free_transfers_;
  Station entry_, decode_;
  std::vector<int> touched_;        // cohorts that got requests and may have no batch under way
  size_t arrived_ = 0, taken_ = 0;  // of the arrivals
  size_t answered_ = 0;
  int64_t both_longest_ = 0;  // as Station::longest, of the entry station's pools for both phases
  double now_us_ = 0, origin_us_ = 0, last_us_ = 0;
  uint64_t steps_ = 0, handled_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace motley::simulator
