#pragma once
// Predicts every step before it is known, compares, learns (scheduler/cost_model/refine.h) and
// warns when steps no longer take what they took. Stepped is called by the serving loop's thread
// and takes a few microseconds; the rest is for any thread.

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/planning/kept_times.h"
#include "daemon/planning/planner.h"
#include "scheduler/cost_model/cost_model.h"
#include "scheduler/cost_model/drift.h"
#include "scheduler/cost_model/refine.h"
#include "scheduler/executor.h"

namespace motley {

// How well the last steps of a stage were predicted, or (device empty) whole steps from the batch
// to its tokens. Errors: |predicted / measured - 1|, of at most the last 512 steps.
struct StepForecast {
  std::string device;
  uint64_t steps = 0;
  double median_error = 0, p95_error = 0;
  double profile_error = 0;  // median of what the profile alone predicts
  double scale = 1;          // measured over the profile's
  uint64_t drifts = 0;
  bool known() const { return steps > 0; }
};
nlohmann::json ToJson(const StepForecast& forecast);

// What a batch asks of a stage: a sequence with one row decodes, one with more is a prompt's chunk.
StepShape ShapeOf(const Batch& batch);

class StepWatch {
 public:
  static Result<std::unique_ptr<StepWatch>> Make(const PlannedModel& planned, int threads);

  void Stepped(const Batch& batch, const Done& done, double us);
  // Of each stage, and last of whole steps.
  std::vector<StepForecast> Forecasts() const;
  // Writes what was learnt to the profile store, if anything new was.
  void Keep();

 private:
  static constexpr size_t kRemembered = 512;
  struct Errors {
    std::array<float, kRemembered> last{};
    uint64_t count = 0;
    void Add(double predicted_us, double us);
    double Quantile(double part) const;
  };
  struct Watched {
    std::string device;
    DeviceInfo info;
    StepTimes times;
    std::unique_ptr<StageCost> cost;
    Refiner learnt;
    DriftAlarm alarm;
    uint64_t silent_until = 0;  // its step, for what goes to the log
    Errors refined, profile;
    double boundary_us = 0, boundary_row_us = 0;  // that it comes in over
  };
  StepWatch(std::string fingerprint, int threads);
  // What the stage was predicted to take.
  double Watch(Watched& stage, const StepShape& shape, double us);

  mutable std::mutex mutex_;
  std::vector<Watched> stages_;
  Errors whole_, whole_profile_;
  uint64_t steps_ = 0, kept_steps_ = 0;
  std::mutex keeping_;
  KeptTimes kept_;  // under keeping_
};

}  // namespace motley
