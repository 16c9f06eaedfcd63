#include "backends/profiler/fit.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "backends/profiler/smooth_roof.h"
#include "hwprofiles/op_fit.h"

namespace motley {
namespace {

using profiler::FitRoof;
using profiler::RoofFit;

constexpr size_t kMaxRegimes = 3;
// Of a regime: four and where it starts; pk and p mean nothing where nothing is computed.
constexpr int kParameters = 5, kParametersOfBytes = 3;
constexpr double kFloor = 0.01;      // an error of 1 % is not worth a regime
constexpr size_t kMostBorders = 20;  // tried for a switch: the work grows with their square
constexpr int kHeldOutEvery = 4, kHeldOutAt = 2;  // neither end of the sweep

// A border is the index of a regime's first point.
using Borders = std::vector<size_t>;

class Splitter {
 public:
  explicit Splitter(const std::vector<FitPoint>& points) : points_(points) {
    Borders all;
    for (size_t i = 1; i < points.size(); ++i) {
      if (points[i].x > points[i - 1].x) all.push_back(i);
    }
    const size_t step = (all.size() + kMostBorders - 1) / kMostBorders;
    for (size_t i = 0; i < all.size(); i += step) candidates_.push_back(all[i]);
    all_ = std::move(all);
    const bool computes = std::ranges::any_of(points, [](const auto& p) { return p.flops > 0; });
    parameters_ = computes ? kParameters : kParametersOfBytes;
  }

  Borders Best() {
    Borders best;
    double best_score = Score({});
    for (size_t i = 0; i < candidates_.size(); ++i) {
      Consider({candidates_[i]}, best, best_score);
      for (size_t j = i + 1; kMaxRegimes > 2 && j < candidates_.size(); ++j) {
        Consider({candidates_[i], candidates_[j]}, best, best_score);
      }
    }
    Refine(best, best_score);
    return best;
  }

  const RoofFit& Segment(size_t first, size_t last) {
    auto [at, added] = fits_.try_emplace({first, last});
    if (added) {
      at->second = FitRoof(std::span(points_).subspan(first, last - first));
    }
    return at->second;
  }

 private:
  bool Allowed(const Borders& borders) const {
    const auto least = static_cast<size_t>(parameters_);
    size_t first = 0;
    for (const size_t border : borders) {
      if (border < first + least) return false;
      first = border;
    }
    return points_.size() >= first + least;
  }

  double Score(const Borders& borders) {
    const auto n = static_cast<double>(points_.size());
    double loss = 0;
    size_t first = 0;
    for (const size_t border : borders) loss += Segment(std::exchange(first, border), border).loss;
    loss += Segment(first, points_.size()).loss;
    return n * std::log(loss / n + kFloor * kFloor) +
           parameters_ * static_cast<double>(borders.size()) * std::log(n);
  }

  void Consider(const Borders& borders, Borders& best, double& best_score) {
    if (!Allowed(borders)) return;
    const double score = Score(borders);
    if (score >= best_score) return;
    best_score = score;
    best = borders;
  }

  // Not every border was a candidate: the winners move to a better neighbour while there is one.
  void Refine(Borders& best, double& best_score) {
    for (double before = best_score + 1; best_score < before;) {
      before = best_score;
      for (size_t k = 0; k < best.size(); ++k) {
        const auto at = std::ranges::find(all_, best[k]);
        for (const int step : {-1, 1}) {
          if ((step < 0 && at == all_.begin()) || (step > 0 && at + 1 == all_.end())) continue;
          Borders moved = best;
          moved[k] = *(at + step);
          if (std::ranges::is_sorted(moved)) Consider(moved, best, best_score);
        }
      }
    }
  }

  const std::vector<FitPoint>& points_;
  int parameters_ = kParameters;
  Borders all_, candidates_;
  std::map<std::pair<size_t, size_t>, RoofFit> fits_;
};

std::string Whole(double value) { return std::to_string(static_cast<int64_t>(value)); }

Status CheckPoints(const std::vector<FitPoint>& points) {
  if (points.empty()) return Error::Invalid("points", "a fit needs at least one point");
  for (const FitPoint& p : points) {
    const bool finite = std::isfinite(p.x) && std::isfinite(p.us) && std::isfinite(p.bytes) &&
                        std::isfinite(p.flops);
    if (!finite || !(p.us > 0) || !(p.x >= 1) || p.bytes < 0 || p.flops < 0 ||
        p.bytes + p.flops <= 0) {
      return Error::Invalid(
          "points", "a point of " + std::to_string(p.us) + " us at x = " + std::to_string(p.x) +
                        " with " + std::to_string(p.bytes) + " bytes and " +
                        std::to_string(p.flops) + " flops: time, x and work must be positive");
    }
  }
  return {};
}

void Sort(std::vector<FitPoint>& points) {
  std::ranges::stable_sort(points, [](const FitPoint& a, const FitPoint& b) {
    return std::pair(a.x, a.bytes) < std::pair(b.x, b.bytes);
  });
}

}  // namespace

const OpFit& OpCurve::At(double x) const {
  for (const OpFit& fit : regimes) {
    if (x <= RegimeRange(fit.regime).second) return fit;
  }
  return regimes.back();
}

double OpCurve::Predict(double x, double bytes, double flops) const {
  return PriceUs(At(x), bytes, flops);
}

Result<OpCurve> FitCurve(const std::string& op, const std::string& type,
                         std::vector<FitPoint> points) {
  TRY(CheckPoints(points));
  Sort(points);
  Splitter splitter(points);
  Borders borders = splitter.Best();
  borders.push_back(points.size());
  OpCurve curve;
  size_t first = 0;
  double from = 1;
  for (const size_t border : borders) {
    const auto& roof = splitter.Segment(first, border).roof;
    const bool last = border == points.size();
    // Between two measured numbers of rows the switch may lie anywhere: halfway in ratio.
    const double to = last ? 0 : std::floor(std::sqrt(points[border - 1].x * points[border].x));
    const std::string regime = Whole(from) + "-" + (last ? "" : Whole(to));
    curve.regimes.push_back({op, type, regime, roof.t0, roof.bw, roof.pk, roof.p});
    from = to + 1;
    first = border;
  }
  return curve;
}

Result<OpCurve> FitLayerTable(const TimeTable& table) {
  std::vector<FitPoint> points;
  for (const auto& [tokens, us] : table) points.push_back({tokens, 1, tokens, us});
  return FitCurve("layer", "", std::move(points));
}

double PredictLayer(const OpCurve& curve, double tokens) {
  return curve.Predict(tokens, 1, tokens);
}

Result<std::vector<HeldOut>> HeldOutErrors(const std::vector<FitPoint>& points) {
  std::vector<FitPoint> sorted = points, seen, unseen;
  Sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    (i % kHeldOutEvery == kHeldOutAt ? unseen : seen).push_back(sorted[i]);
  }
  const OpCurve all = TRY(FitCurve("", "", sorted));
  const OpCurve curve = TRY(FitCurve("", "", seen));
  std::vector<HeldOut> out;
  for (const FitPoint& p : unseen) {
    const double predicted = curve.Predict(p.x, p.bytes, p.flops);
    out.push_back({all.At(p.x).regime, std::abs(predicted / p.us - 1), p, predicted});
  }
  return out;
}

double Quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const double rank = part * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(rank);
  if (below + 1 >= values.size()) return values.back();
  const double rest = rank - static_cast<double>(below);
  return values[below] * (1 - rest) + values[below + 1] * rest;
}

}  // namespace motley
