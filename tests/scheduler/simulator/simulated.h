#pragma once
// A simulation that must go well: the test fails where it has an error or breaks a law.

#include <gtest/gtest.h>

#include <vector>

#include "scheduler/simulator/simulator.h"

namespace motley {

inline SimulationResult Simulated(const MachineProfile& machine, const Workload& workload,
                                  const Plan& plan, const std::vector<Arrival>& arrivals,
                                  const SimulationOptions& options = {}) {
  const auto result = Simulate(machine, workload, plan, arrivals, options);
  EXPECT_TRUE(result.ok()) << result.error().message;
  if (!result.ok()) return {};
  EXPECT_TRUE(result->violations.empty()) << result->violations.front();
  return *result;
}

}  // namespace motley
