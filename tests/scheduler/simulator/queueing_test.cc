// Queues whose mean waits are known. One device, one request at a time: a request of P prompt
// tokens and one token of output is one step of P microseconds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/simulator/simulator.h"
#include "tests/scheduler/simulator/boxes.h"

namespace motley {
namespace {

// `servers` replicas of one device each.
SimulationResult RunQueue(int servers, double load, const std::string& lengths, double requests,
                          uint64_t seed) {
  const Lengths drawn = *ParseLengths(lengths);
  std::vector<DeviceProfile> devices;
  std::vector<Replica> replicas;
  for (int s = 0; s < servers; ++s) {
    devices.push_back(LinearDevice("s" + std::to_string(s), 1, 1));
    replicas.push_back(EvenReplica({devices.back().id}, 1, 1, 1));
  }
  const double rate = load * servers / (drawn.prompt.mean * drawn.output.mean * 1e-6);
  const auto arrivals =
      DrawArrivals({ArrivalProcess::Kind::kPoisson, rate}, drawn, requests / rate, seed);
  const auto result = Simulate(Machine(devices), LayersOnly(1), PlanOf(replicas), *arrivals,
                               {.warmup_seconds = requests / rate / 50, .chunk_tokens = 1 << 20});
  EXPECT_TRUE(result.ok()) << result.error().message;
  EXPECT_THAT(result->violations, ::testing::IsEmpty());
  return *result;
}

// W = rho / (1 - rho) x S (M/M/1; Kleinrock, Queueing Systems I, 3.2).
TEST(Queueing, ExponentialServiceWaitsAsMM1) {
  const auto result = RunQueue(1, 0.7, "in:100,out:1:fixed", 1e6, 1);
  const double wait = result.ttft_s.mean - 100e-6;
  EXPECT_NEAR(wait, 100e-6 * 0.7 / 0.3, 0.02 * 100e-6 * 0.7 / 0.3);
}

// W = rho / (2 (1 - rho)) x S (M/D/1, by Pollaczek and Khinchine).
TEST(Queueing, ConstantServiceWaitsAsMD1) {
  const auto result = RunQueue(1, 0.7, "in:100:fixed,out:1:fixed", 1e6, 2);
  const double wait = result.ttft_s.mean - 100e-6;
  EXPECT_NEAR(wait, 100e-6 * 0.7 / 0.6, 0.02 * 100e-6 * 0.7 / 0.6);
}

// Service by steps of decoding: as many tokens as the output has.
TEST(Queueing, ServiceOfManyStepsWaitsAsMM1) {
  const auto result = RunQueue(1, 0.5, "in:1:fixed,out:10", 6e5, 3);
  // Geometric with mean m: E[S^2] = m (2 m - 1), so W = lambda E[S^2] / (2 (1 - rho)).
  const double m = 10, wait = 0.5 * (2 * m - 1) / (2 * 0.5) * 1e-6;
  EXPECT_NEAR(result.ttft_s.mean - 1e-6, wait, 0.02 * wait);
}

// Two equal servers, one queue: W = rho^2 / (1 - rho^2) x S (M/M/2).
TEST(Queueing, TwoReplicasWithOneQueueWaitAsMM2) {
  const auto result = RunQueue(2, 0.7, "in:100,out:1:fixed", 1e6, 4);
  const double wait = 100e-6 * 0.49 / 0.51;
  EXPECT_NEAR(result.ttft_s.mean - 100e-6, wait, 0.02 * wait);
}

TEST(Queueing, LittlesLawHolds) {
  for (const double load : {0.3, 0.8, 0.95}) {
    const auto result = RunQueue(1, load, "in:50,out:3", 1e5, 5);
    const double rate = static_cast<double>(result.completed) / result.seconds;
    EXPECT_NEAR(result.in_system, rate * result.e2e_s.mean, 0.005 * result.in_system) << load;
  }
}

}  // namespace
}  // namespace motley
