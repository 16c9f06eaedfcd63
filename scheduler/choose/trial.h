#pragma once
// One plan tried in simulation for one objective. Used by choose.cc alone; one thread.

#include <vector>

#include "base/result.h"
#include "scheduler/choose/choose.h"

namespace motley {

class PlanTrial {
 public:
  // References are kept.
  PlanTrial(const MachineProfile& machine, const Workload& workload, const Objective& objective,
            const Plan& plan, const ChooseOptions& options);
  // The value is infinite where the plan cannot do what the objective asks.
  Result<Contender> Run() const;

 private:
  // The requests at a rate; 0: all at once.
  Result<std::vector<Arrival>> Requests(double rate_rps) const;
  std::vector<Arrival> FromTrace(size_t count, double rate_rps) const;
  Result<SimulationResult> At(double rate_rps) const;
  Result<Contender> Throughput() const;
  Result<Contender> Goodput() const;
  Result<Contender> Cost() const;

  const MachineProfile& machine_;
  const Workload& workload_;
  const Objective& objective_;
  const Plan& plan_;
  const ChooseOptions& options_;
};

}  // namespace motley
