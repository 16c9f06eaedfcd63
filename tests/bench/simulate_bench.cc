// How many requests a second of computing simulates: a pipeline of 8 devices at seven tenths of
// what it can do, prompts of 128 and answers of 64 tokens on average.
//   simulate_bench [REQUESTS]

#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "scheduler/simulator/simulator.h"
#include "tests/scheduler/simulator/boxes.h"

int main(int argc, char** argv) {
  using namespace motley;
  const double requests = argc > 1 ? std::atof(argv[1]) : 1e6;
  std::vector<DeviceProfile> devices;
  std::vector<std::string> ids;
  for (int d = 0; d < 8; ++d) {
    ids.push_back("nv" + std::to_string(d));
    devices.push_back(LinearDevice(ids.back(), 2, 200, 5 + d % 3));
  }
  const Plan plan = PlanOf({EvenReplica(ids, 32, 64, 512)});
  // What the slowest stage takes for a request: its part of 64 steps with 64 others, its prompt.
  const double request_us = 4 * (64 * (200 / 64.0 + 7) + 2 * 128);
  const double rate = 0.7e6 / request_us;
  const auto arrivals = DrawArrivals(
      {ArrivalProcess::Kind::kPoisson, rate},
      {{LengthDistribution::Kind::kExponential, 128}, {LengthDistribution::Kind::kExponential, 64}},
      requests / rate, 1);
  if (!arrivals.ok()) return std::fputs(arrivals.error().message.c_str(), stderr), 1;
  const int64_t started_ns = RealClock().NowNs();
  const auto result = Simulate(Machine(devices, 5), LayersOnly(32), plan, *arrivals, {});
  if (!result.ok()) return std::fputs(result.error().message.c_str(), stderr), 1;
  const double seconds = SecondsBetween(started_ns, RealClock().NowNs());
  std::printf("%-10s %-10s %-10s %-8s %-12s %-12s %s\n", "requests", "steps", "events", "seconds",
              "requests/s", "in system", "violations");
  std::printf("%-10zu %-10zu %-10zu %-8.2f %-12.0f %-12.1f %zu\n", size_t{result->completed},
              size_t{result->steps}, size_t{result->events}, seconds,
              static_cast<double>(result->completed) / seconds, result->in_system,
              result->violations.size());
  return 0;
}
