#pragma once
// What /metrics shows, in Prometheus' text form (prometheus-cpp core behind it). Any thread.

#include <memory>
#include <string>

#include "daemon/core/serving_loop.h"
#include "daemon/core/step_watch.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/planning/inventory.h"

namespace motley {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  void Observe(double ttft_s, double itl_s);
  std::string Text(const LoopCounters& counters, const SchedulerStatus& status,
                   const std::vector<StageStatus>& stages,
                   const std::vector<StepForecast>& forecasts, const InventoryCounts& inventory);

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace motley
