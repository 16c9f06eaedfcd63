#pragma once
// The prices of one device, one implementation for each kind of source. Made by cost_model.cc,
// which has checked the numbers; read-only, any thread. Microseconds.

#include <memory>
#include <optional>

#include "hwprofiles/profile.h"
#include "scheduler/cost_model/cost_model.h"
#include "scheduler/plan.h"
#include "scheduler/workload.h"

namespace motley {

// One standard deviation, as a share of the time, of what each source says: measured steps of this
// model, and what they say of sizes that were not measured; fitted ops; data sheets
// (design: 4-parameter fits are off by 2 to 9 %, rooflines by 22 to 59 %).
inline constexpr double kMeasuredSigma = 0.05, kBeyondSigma = 0.10, kUnseenBatchSigma = 0.25,
                        kFitSigma = 0.08, kPriorSigma = 0.50;

class DeviceCosts {
 public:
  virtual ~DeviceCosts() = default;
  virtual bool Knows(Phase phase) const = 0;  // kPrefill or kDecode
  virtual bool IsPrior() const { return false; }
  // What a step takes on this device whatever the items.
  virtual double OncePerStepUs() const { return 0; }
  // Items first..last, without OncePerStepUs. NaN for a phase that is not known.
  virtual std::unique_ptr<StageCost> Run(int first, int last) const = 0;
};

std::unique_ptr<DeviceCosts> MakeItemCosts(const ItemTimes& times, double prompt_tokens);
std::unique_ptr<DeviceCosts> MakeLayerCosts(const PhaseTables& tables, const Workload& workload);
std::unique_ptr<DeviceCosts> MakeStepCosts(const StepTimes& times, const Workload& workload);
// From `ops`, where no fit holds from `peak`.
std::unique_ptr<DeviceCosts> MakeRateCosts(const std::vector<OpFit>& ops,
                                           const std::optional<PeakRates>& peak,
                                           const Workload& workload, double prompt_tokens);

// Kernels for few rows read weights, kernels for many compute.
inline constexpr double kFewRows = 16;
inline CostClass MatricesOf(const StepShape& shape) {
  const double rows = shape.prefill_rows + shape.decode_rows;
  return rows > kFewRows ? CostClass::kManyRows : CostClass::kFewRows;
}

// What a layer with a window of so many tokens (0: none) attends to.
StepShape WithinWindow(const StepShape& shape, double window_tokens);

}  // namespace motley
