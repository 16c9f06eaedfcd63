// step_times: whole steps of this model, taken apart into what rows share, what each sequence adds
// and what attention adds.

#include <algorithm>
#include <cmath>

#include "hwprofiles/time_table.h"
#include "scheduler/cost_model/device_costs.h"

namespace motley {
namespace {

// Of all measured layers, without what a step takes once.
class StepCurves {
 public:
  explicit StepCurves(const StepTimes& times)
      : layers_(times.layers),
        pair_us_(times.attention_us_per_row_token),
        chunk_(times.chunk_rows),
        head_(times.head) {
    TakeContext(times.decode_by_past);
    TakeRows(times);
    for (auto& [rows, us] : head_) us = std::max(0.0, us - times.step_us);
  }

  double LayerUs(const StepShape& shape) const {
    const double rows = shape.prefill_rows + shape.decode_rows;
    if (rows <= 0) return 0;
    double us = PassUs(rows) + pair_us_ * shape.prefill_pairs;
    if (shape.decode_rows > 0) {
      us += shape.decode_rows *
            (sequence_us_ + AttentionUs(shape.decode_context / shape.decode_rows));
    }
    return std::max(0.0, us / layers_);
  }
  double HeadUs(double rows) const { return rows > 0 ? InterpolateFromFirst(head_, rows) : 0; }
  bool Measured(const StepShape& shape) const {
    const double rows = shape.prefill_rows + shape.decode_rows;
    return (chunk_ > 0 ? std::min(rows, chunk_) : rows) <= pass_.back().first;
  }

 private:
  // The weights are read once for each chunk.
  double PassUs(double rows) const {
    if (chunk_ <= 0 || rows <= chunk_) return InterpolateFromFirst(pass_, rows);
    const double full = std::floor(rows / chunk_), rest = rows - full * chunk_;
    return full * InterpolateFromFirst(pass_, chunk_) +
           (rest > 0 ? InterpolateFromFirst(pass_, rest) : 0);
  }

  // One sequence's attention to `past` tokens.
  double AttentionUs(double past) const {
    return std::max(0.0, Interpolate(context_, past) - nothing_us_);
  }

  // What one row takes with nothing in the cache, and what tokens add to it.
  void TakeContext(const TimeTable& by_past) {
    context_ = by_past;
    nothing_us_ = context_[0].second;
    if (context_.size() < 2) return;
    for (size_t i = 1; i < context_.size(); ++i) {  // noise must not make attention negative
      context_[i].second = std::max(context_[i].second, context_[i - 1].second);
    }
    const auto& [x0, y0] = context_[0];
    const auto& [x1, y1] = context_[1];
    nothing_us_ = y0 - x0 * (y1 - y0) / (x1 - x0);
  }

  // The pass that all rows share: from decode batches, and from prompts at their size and above.
  // Where both were measured, the difference is what each sequence adds.
  void TakeRows(const StepTimes& times) {
    TimeTable batches = {{1, nothing_us_}}, prompts = times.prefill;
    for (const auto& [count, us] : times.decode_by_batch) {
      if (count > 1) batches.emplace_back(count, us - count * AttentionUs(times.batch_past));
    }
    for (auto& [rows, us] : prompts) us -= pair_us_ * rows * (rows + 1) / 2;
    const auto& [most, batch_us] = batches.back();
    if (Within(prompts, most) && most > 1) {
      sequence_us_ = (batch_us - Interpolate(prompts, most)) / most;
    }
    for (const auto& [count, us] : batches) {
      if (count < prompts[0].first) pass_.emplace_back(count, us - count * sequence_us_);
    }
    pass_.insert(pass_.end(), prompts.begin(), prompts.end());
    for (auto& [rows, us] : pass_) us = std::max(0.0, us - times.step_us);
  }

  const double layers_, pair_us_, chunk_;
  TimeTable context_, pass_, head_;
  double nothing_us_ = 0, sequence_us_ = 0;
};

class StepRun final : public StageCost {
 public:
  // `windows`: (tokens or 0, layers with that window).
  StepRun(std::shared_ptr<const StepCurves> curves, std::vector<std::pair<double, double>> windows,
          double heads)
      : curves_(std::move(curves)), windows_(std::move(windows)), heads_(heads) {}

  Estimate Step(const StepShape& shape) const override {
    double us = heads_ * curves_->HeadUs(shape.logit_rows);
    for (const auto& [window, layers] : windows_) {
      us += layers * curves_->LayerUs(WithinWindow(shape, window));
    }
    return {us, us * (curves_->Measured(shape) ? kMeasuredSigma : kBeyondSigma)};
  }

 private:
  const std::shared_ptr<const StepCurves> curves_;
  const std::vector<std::pair<double, double>> windows_;
  const double heads_;
};

class StepCosts final : public DeviceCosts {
 public:
  StepCosts(const StepTimes& times, const Workload& workload)
      : curves_(std::make_shared<StepCurves>(times)),
        once_us_(times.step_us),
        items_(workload.items) {}

  bool Knows(Phase) const override { return true; }
  double OncePerStepUs() const override { return once_us_; }

  std::unique_ptr<StageCost> Run(int first, int last) const override {
    std::vector<std::pair<double, double>> windows;
    double heads = 0;
    for (int i = first; i <= last; ++i) {
      const WorkloadItem& item = items_[static_cast<size_t>(i)];
      if (item.name == "head") heads += 1;
      if (!item.IsLayer()) continue;
      const auto same =
          std::ranges::find(windows, item.window_tokens, &std::pair<double, double>::first);
      if (same != windows.end()) {
        same->second += item.cost;
      } else {
        windows.emplace_back(item.window_tokens, item.cost);
      }
    }
    return std::make_unique<StepRun>(curves_, std::move(windows), heads);
  }

 private:
  const std::shared_ptr<const StepCurves> curves_;
  const double once_us_;
  const std::vector<WorkloadItem> items_;
};

}  // namespace

std::unique_ptr<DeviceCosts> MakeStepCosts(const StepTimes& times, const Workload& workload) {
  return std::make_unique<StepCosts>(times, workload);
}

}  // namespace motley
