#include "daemon/core/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>

namespace motley {

struct Metrics::Families {
  prometheus::Registry registry;
  std::mutex mutex;
  prometheus::Histogram& ttft =
      prometheus::BuildHistogram()
          .Name("motley_time_to_first_token_seconds")
          .Help("From the request's arrival to its first token")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{.001, .005, .01, .02, .05, .1, .25, .5,
                                                           1, 2.5, 5, 10});
  prometheus::Histogram& itl =
      prometheus::BuildHistogram()
          .Name("motley_inter_token_latency_seconds")
          .Help("Mean time between the tokens of a request")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{.0025, .005, .01, .02, .04, .08, .16,
                                                           .32, .64, 1.28, 2.5});

  void Set(const std::string& name, const std::string& help, double value,
           const prometheus::Labels& labels = {}) {
    prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels).Set(value);
  }
  void Count(const std::string& name, const std::string& help, uint64_t total,
             const prometheus::Labels& labels = {}) {
    auto& counter = prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
    counter.Increment(static_cast<double>(total) - counter.Value());
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::Observe(double ttft_s, double itl_s) {
  families_->ttft.Observe(ttft_s);
  if (itl_s > 0) families_->itl.Observe(itl_s);
}

std::string Metrics::Text(const LoopCounters& counters, const SchedulerStatus& status,
                          const std::vector<StageStatus>& stages,
                          const std::vector<StepForecast>& forecasts,
                          const InventoryCounts& inventory) {
  const std::lock_guard lock(families_->mutex);
  Families& f = *families_;
  f.Count("motley_requests_total", "Requests accepted", counters.requests);
  f.Count("motley_requests_finished_total", "Requests by how they ended", counters.finished,
          {{"outcome", "ok"}});
  f.Count("motley_requests_finished_total", "Requests by how they ended", counters.failed,
          {{"outcome", "failed"}});
  f.Count("motley_requests_finished_total", "Requests by how they ended", counters.cancelled,
          {{"outcome", "cancelled"}});
  f.Count("motley_prompt_tokens_total", "Prompt tokens accepted", counters.prompt_tokens);
  f.Count("motley_generation_tokens_total", "Tokens generated", counters.generated_tokens);
  f.Count("motley_steps_total", "Steps run", counters.steps);
  f.Set("motley_requests_running", "Requests with a place in the batch", status.running);
  f.Set("motley_requests_waiting", "Requests in the queue", status.waiting);
  f.Set("motley_kv_blocks_total", "KV blocks", status.total_blocks);
  f.Set("motley_kv_blocks_free", "KV blocks not in use", status.free_blocks);
  f.Set("motley_devices", "Devices of the machine, usable or not",
        static_cast<double>(inventory.devices));
  f.Count("motley_device_changes_total", "Devices that came or went while it ran", inventory.came,
          {{"change", "came"}});
  f.Count("motley_device_changes_total", "Devices that came or went while it ran", inventory.went,
          {{"change", "went"}});
  for (const StageStatus& stage : stages) {
    const prometheus::Labels labels{{"device", stage.stage.device}};
    f.Set("motley_device_weight_bytes", "Weights on the device",
          static_cast<double>(stage.weight_bytes), labels);
    f.Set("motley_device_kv_bytes", "KV memory on the device", static_cast<double>(stage.kv_bytes),
          labels);
    f.Count("motley_worker_restarts_total", "Workers started again",
            static_cast<uint64_t>(stage.restarts), labels);
  }
  for (const StepForecast& forecast : forecasts) {
    if (forecast.device.empty()) continue;
    const prometheus::Labels labels{{"device", forecast.device}};
    f.Count("motley_step_time_drifts_total", "Times that steps began to take what they did not",
            forecast.drifts, labels);
    if (!forecast.known()) continue;
    f.Set("motley_step_time_scale", "Measured step times over those of the profile", forecast.scale,
          labels);
    f.Set("motley_step_prediction_error", "Median of |predicted / measured - 1|",
          forecast.median_error, labels);
  }
  return prometheus::TextSerializer().Serialize(f.registry.Collect());
}

}  // namespace motley
