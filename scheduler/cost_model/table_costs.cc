// item_times_us and layer_times.

#include <limits>

#include "hwprofiles/time_table.h"
#include "scheduler/cost_model/device_costs.h"

namespace motley {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Per row of a prompt and per sequence.
class ItemRun final : public StageCost {
 public:
  ItemRun(double prompt_us, double decode_us, double prompt_tokens)
      : prompt_us_(prompt_us), decode_us_(decode_us), prompt_tokens_(prompt_tokens) {}

  Estimate Step(const StepShape& shape) const override {
    const bool seen = (shape.prefill_rows == 0 && shape.decode_rows == 1) ||
                      (shape.prefill_rows == prompt_tokens_ && shape.decode_rows == 0);
    double us = 0;
    if (shape.prefill_rows > 0) us += prompt_us_ * (shape.prefill_rows / prompt_tokens_);
    if (shape.decode_rows > 0) us += decode_us_ * shape.decode_rows;
    return {us, us * (seen ? kMeasuredSigma : kUnseenBatchSigma)};
  }

 private:
  const double prompt_us_, decode_us_, prompt_tokens_;
};

class PerItemCosts final : public DeviceCosts {
 public:
  PerItemCosts(const ItemTimes& times, double prompt_tokens)
      : times_(times), prompt_tokens_(prompt_tokens) {}

  bool Knows(Phase phase) const override {
    if (phase == Phase::kDecode) return !times_.decode.empty();
    return !times_.prefill.empty() && prompt_tokens_ > 0;
  }

  std::unique_ptr<StageCost> Run(int first, int last) const override {
    const auto sum = [&](const std::vector<double>& us, bool known) {
      double out = known ? 0 : kUnknown;
      for (int i = first; known && i <= last; ++i) out += us[static_cast<size_t>(i)];
      return out;
    };
    return std::make_unique<ItemRun>(sum(times_.prefill, Knows(Phase::kPrefill)),
                                     sum(times_.decode, Knows(Phase::kDecode)), prompt_tokens_);
  }

 private:
  const ItemTimes times_;
  const double prompt_tokens_;
};

// `scale` layers.
class LayerRun final : public StageCost {
 public:
  LayerRun(const PhaseTables& tables, double scale) : tables_(tables), scale_(scale) {}

  Estimate Step(const StepShape& shape) const override {
    const Estimate prompt = Read(tables_.prefill, shape.prefill_rows);
    const Estimate decode = Read(tables_.decode, shape.decode_rows);
    return {scale_ * (prompt.us + decode.us), scale_ * (prompt.sigma_us + decode.sigma_us)};
  }

 private:
  static Estimate Read(const TimeTable& table, double rows) {
    if (rows <= 0) return {};
    if (table.empty()) return {kUnknown, kUnknown};
    const double us = Interpolate(table, rows);
    return {us, us * (Within(table, rows) ? kMeasuredSigma : kBeyondSigma)};
  }

  const PhaseTables tables_;
  const double scale_;
};

class LayerCosts final : public DeviceCosts {
 public:
  LayerCosts(const PhaseTables& tables, const Workload& workload) : tables_(tables) {
    for (const WorkloadItem& item : workload.items) scales_.push_back(item.cost);
  }

  bool Knows(Phase phase) const override {
    return !(phase == Phase::kPrefill ? tables_.prefill : tables_.decode).empty();
  }

  std::unique_ptr<StageCost> Run(int first, int last) const override {
    double scale = 0;
    for (int i = first; i <= last; ++i) scale += scales_[static_cast<size_t>(i)];
    return std::make_unique<LayerRun>(tables_, scale);
  }

 private:
  const PhaseTables tables_;
  std::vector<double> scales_;
};

}  // namespace

std::unique_ptr<DeviceCosts> MakeItemCosts(const ItemTimes& times, double prompt_tokens) {
  return std::make_unique<PerItemCosts>(times, prompt_tokens);
}

std::unique_ptr<DeviceCosts> MakeLayerCosts(const PhaseTables& tables, const Workload& workload) {
  return std::make_unique<LayerCosts>(tables, workload);
}

}  // namespace motley
