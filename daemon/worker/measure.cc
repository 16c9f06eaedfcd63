#include "daemon/worker/measure.h"

#include <algorithm>
#include <numeric>

#include "base/contention.h"

namespace motley {
namespace {

constexpr int kMinRepeats = 3;
constexpr int kMaxRepeats = 15;
constexpr double kPointSeconds = 0.25;  // repeats of one point aim at this
// A point during which our threads waited longer for a core, as a share of its time, was disturbed
// by other programs and is measured again.
constexpr double kDisturbed = 0.05;
constexpr int kAttempts = 3;

struct PointTime {
  double us = 0;      // lower quartile: other programs only ever add time
  double waited = 0;  // for a core, as a share of the time
  double spent_s = 0;
};

// `rows` tokens of one sequence, or one of each of `rows` sequences, after `past` others.
Result<Batch> SyntheticBatch(const wire::Measure::Point& point, const StageShape& shape) {
  const int sequences = point.prefill() ? 1 : point.rows();
  const int per_sequence = point.prefill() ? point.rows() : 1;
  const int blocks = (point.past() + per_sequence + shape.block_tokens - 1) / shape.block_tokens;
  if (point.rows() < 1 || point.past() < 0 || blocks * sequences > shape.kv_blocks) {
    return Error::Invalid("measure", std::to_string(blocks * sequences) +
                                         " KV blocks needed, the stage has " +
                                         std::to_string(shape.kv_blocks));
  }
  Batch batch;
  for (int s = 0; s < sequences; ++s) {
    BatchSequence& sequence = batch.sequences.emplace_back();
    sequence.sampling.temperature = 0;
    sequence.blocks.resize(static_cast<size_t>(blocks));
    std::iota(sequence.blocks.begin(), sequence.blocks.end(), s * blocks);
    for (int i = 0; i < per_sequence; ++i) {
      batch.rows.push_back({static_cast<int32_t>((i * 7 + s) % 97), point.past() + i, s});
    }
    batch.outputs.push_back({.row = static_cast<int32_t>(batch.rows.size()) - 1});
  }
  return batch;
}

Result<PointTime> TimePoint(Stage* stage, const StageShape& shape,
                            const wire::Measure::Point& point, double dear_s, Clock& clock) {
  const Batch batch = TRY(SyntheticBatch(point, shape));
  const size_t values = batch.rows.size() * static_cast<size_t>(stage->hidden());
  const std::vector<float> in(stage->embeds() ? 0 : values, 0.01f);
  std::vector<float> hidden(stage->has_head() ? 0 : values);
  std::vector<double> times;
  PointTime out;
  int64_t waited = 0, others = 0;
  for (int i = 0; i <= kMaxRepeats; ++i) {  // the first warms up: it may compile kernels
    std::vector<TokenLogprob> results;
    const int64_t start = clock.NowNs();
    TRY(stage->Run(batch, in, hidden, &results));
    const double seconds = SecondsBetween(start, clock.NowNs());
    if (i == 0) {
      waited = WaitedForCoresNs();
      others = OthersUsedCoresNs();
      continue;
    }
    times.push_back(seconds);
    out.spent_s += seconds;
    const bool enough =
        static_cast<int>(times.size()) >= kMinRepeats && out.spent_s > kPointSeconds;
    if (enough || out.spent_s > dear_s) break;
  }
  // A runtime with more threads than cores waits for itself: only what others used counts.
  const int64_t taken =
      std::min(WaitedForCoresNs() - waited, std::max<int64_t>(0, OthersUsedCoresNs() - others));
  out.waited = static_cast<double>(taken) * 1e-9 / out.spent_s;
  const auto quartile = times.begin() + static_cast<long>(times.size() / 4);
  std::ranges::nth_element(times, quartile);
  out.us = *quartile * 1e6;
  return out;
}

}  // namespace

Result<wire::Measured> MeasureStage(Stage* stage, const StageShape& shape,
                                    const wire::Measure& request, Clock& clock) {
  if (!stage) return Error::Internal("nothing is loaded to measure");
  wire::Measured out;
  const int64_t begin = clock.NowNs();
  double last_s = 0;
  const auto fits = [&](double budget_s) {
    return SecondsBetween(begin, clock.NowNs()) + 2 * last_s <= budget_s;
  };
  for (const auto& point : request.points()) {
    if (!fits(request.budget_s())) break;
    PointTime best;
    // What is left of a disturbed machine's budget is for the points that still have none.
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (attempt > 0 && !fits(request.budget_s() / 2)) break;
      const PointTime now = TRY(TimePoint(stage, shape, point, request.budget_s() / 4, clock));
      last_s = now.spent_s;
      if (attempt == 0 || now.us < best.us) best = now;
      if (now.waited <= kDisturbed) {
        best = now;
        break;
      }
    }
    out.add_us(best.us);
    out.add_waited(best.waited);
  }
  return out;
}

}  // namespace motley
