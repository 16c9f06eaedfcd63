// step_times: whole steps of this model, taken apart into what rows share, what each sequence adds
// and what attention adds.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hwprofiles/time_table.h"
#include "scheduler/cost_model/device_costs.h"

namespace motley {
namespace {

size_t Index(CostClass part) { return static_cast<size_t>(part); }

// Sequences from which on attention is that of a batch.
constexpr double kAmong = 8;

// Of all measured layers, without what a step takes once.
class StepCurves {
 public:
  StepCurves(const StepTimes& times, const Workload& workload)
      : layers_(times.layers),
        pair_us_(times.attention_us_per_row_token),
        among_us_(times.batch_attention_us_per_token),
        chunk_(times.chunk_rows),
        head_(times.head) {
    TakeContext(times.decode_by_past, workload);
    TakeRows(times, workload);
    for (auto& [rows, us] : head_) us = std::max(0.0, us - times.step_us);
  }

  // Of one layer, by class.
  void AddLayers(const StepShape& shape, double layers, ClassTimes& to) const {
    const double rows = shape.prefill_rows + shape.decode_rows, scale = layers / layers_;
    if (rows <= 0) return;
    double matrices = PassUs(rows);
    if (shape.decode_rows > 0) {
      const double past = shape.decode_context / shape.decode_rows;
      matrices = std::max(0.0, matrices + shape.decode_rows * sequence_us_);
      to[Index(CostClass::kDecodeAttention)] +=
          scale * shape.decode_rows * AttentionUs(past, shape.decode_rows);
    }
    to[Index(CostClass::kPrefillAttention)] += scale * pair_us_ * shape.prefill_pairs;
    to[Index(MatricesOf(shape))] += scale * matrices;
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

  // One sequence's attention to `past` tokens in a batch of `count`: between what it takes alone
  // and what it takes among as many as were measured.
  double AttentionUs(double past, double count) const {
    const double alone = std::max(0.0, Interpolate(context_, past) - nothing_us_);
    if (among_us_ <= 0 || count <= 1) return alone;
    const double part = std::min(1.0, (count - 1) / (kAmong - 1));
    return alone + part * (among_us_ * past - alone);
  }

  // What one row takes with nothing in the cache, and what tokens that it attends to add to it: of
  // layers with a window those are fewer than what is in the cache.
  void TakeContext(const TimeTable& by_past, const Workload& workload) {
    for (const auto& [past, us] : by_past) {
      const double attended = MeanAttended(workload, past);
      if (context_.empty() || attended > context_.back().first) context_.emplace_back(attended, us);
    }
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
  void TakeRows(const StepTimes& times, const Workload& workload) {
    const double batch_attended = MeanAttended(workload, times.batch_past);
    TimeTable batches = {{1, nothing_us_}}, prompts = times.prefill;
    for (const auto& [count, us] : times.decode_by_batch) {
      if (count > 1) batches.emplace_back(count, us - count * AttentionUs(batch_attended, count));
    }
    for (auto& [rows, us] : prompts) us -= pair_us_ * rows * MeanAttended(workload, (rows + 1) / 2);
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

  const double layers_, pair_us_, among_us_, chunk_;
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
    const ClassTimes parts = Classes(shape);
    const double us = std::accumulate(parts.begin(), parts.end(), 0.0);
    return {us, us * (curves_->Measured(shape) ? kMeasuredSigma : kBeyondSigma)};
  }

  ClassTimes Classes(const StepShape& shape) const override {
    ClassTimes parts{};
    parts[Index(MatricesOf(shape))] = heads_ * curves_->HeadUs(shape.logit_rows);
    for (const auto& [window, layers] : windows_) {
      curves_->AddLayers(WithinWindow(shape, window), layers, parts);
    }
    return parts;
  }

 private:
  const std::shared_ptr<const StepCurves> curves_;
  const std::vector<std::pair<double, double>> windows_;
  const double heads_;
};

class StepCosts final : public DeviceCosts {
 public:
  StepCosts(const StepTimes& times, const Workload& workload)
      : curves_(std::make_shared<StepCurves>(times, workload)),
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
