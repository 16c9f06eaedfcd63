#pragma once
// What observed steps teach about the times of one device's stage: a factor for each class of cost,
// one for all (a card that is throttled, a profile of another day) and one for each size of step
// seen. Pure; one thread. Observe and Refine take a microsecond.
//
//   y = s x sum_k theta_k phi_k x r[size]      phi: CostModel's classes, y: us that were measured
//
// theta: recursive least squares on shares of the predicted time (Kalman filter, forgetting 0.995,
// prior variance 0.04, clamped to 0.5..2, Huber's bound at 3 sigma), and only while recent steps
// come in three sizes that differ, because one size cannot tell classes apart. s: mean of the log
// ratio with a half-life of 50 steps. r: mean ratio of the last steps of that size (rows and
// context in octaves), pulled towards 1 as by 8 steps without news. One step, however slow, moves
// these means by no more than one that is off by 0.3 in the logarithm.

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "hwprofiles/step_times.h"
#include "scheduler/cost_model/cost_model.h"

namespace motley {

class Refiner {
 public:
  Refiner();

  // What a step of these parts will take.
  double Refine(const StepShape& shape, const ClassTimes& parts) const;
  // What it took. Steps without a predicted time or with a time of 0 teach nothing.
  void Observe(const StepShape& shape, const ClassTimes& parts, double us);

  uint64_t steps() const { return steps_; }
  double scale() const;  // s
  const std::array<double, kCostClasses>& factors() const { return theta_; }
  // The times that CostModel would need to say the same, sizes of steps apart.
  StepTimes Apply(const StepTimes& times) const;

  nlohmann::json ToJson() const;
  // Errors name the key.
  static Result<Refiner> FromJson(const nlohmann::json& json);

 private:
  using Vector = std::array<double, kCostClasses>;
  struct Seen {
    double count = 0, mean = 1;
  };
  static uint32_t SizeOf(const StepShape& shape);
  bool TellsApart(uint32_t size);
  void UpdateFactors(const Vector& shares, double ratio);

  uint64_t steps_ = 0;
  double log_scale_ = 0;
  Vector theta_;
  std::array<Vector, kCostClasses> covariance_{};
  std::map<uint32_t, Seen> residuals_;
  std::array<uint32_t, 32> recent_{};  // sizes of the last steps, 0: none
};

}  // namespace motley
