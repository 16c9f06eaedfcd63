#include "backends/profiler/smooth_roof.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace motley::profiler {
namespace {

constexpr double kHuber = 0.05;  // of ln(predicted / measured)
constexpr double kMaxP = 8;
// Pulls what the points do not determine towards the start, a thousandth as hard as they pull.
constexpr double kRidge = 1e-6;
constexpr int kSteps = 60;
// ln t0, ln bw, ln pk, and p through a logistic: positive and bounded whatever the step.
using Parameters = std::array<double, 4>;

RoofParameters Decode(const Parameters& x) {
  const auto bounded = [](double v) { return std::exp(std::clamp(v, -60.0, 60.0)); };
  return {bounded(x[0]), bounded(x[1]), bounded(x[2]), 1 + (kMaxP - 1) / (1 + std::exp(-x[3]))};
}

double Encode(double p) { return -std::log((kMaxP - 1) / (p - 1) - 1); }

double Residual(const Parameters& x, const FitPoint& point) {
  return std::log(Decode(x).Predict(point.bytes, point.flops) / point.us);
}

double Huber(double r) {
  const double a = std::abs(r);
  return a <= kHuber ? r * r : 2 * kHuber * a - kHuber * kHuber;
}

double Loss(const Parameters& x, std::span<const FitPoint> points) {
  double loss = 0;
  for (const FitPoint& point : points) loss += Huber(Residual(x, point));
  return loss;
}

double Pull(const Parameters& x, const Parameters& start) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += (x[i] - start[i]) * (x[i] - start[i]);
  return kRidge * sum;
}

struct Normal {
  std::array<std::array<double, 4>, 4> a{};
  Parameters b{};
};

Normal NormalEquations(const Parameters& x, const Parameters& start,
                       std::span<const FitPoint> points) {
  constexpr double kDelta = 1e-5;
  Normal n;
  for (const FitPoint& point : points) {
    const double r = Residual(x, point);
    const double weight = std::abs(r) <= kHuber ? 1 : kHuber / std::abs(r);
    Parameters slope;
    for (size_t i = 0; i < 4; ++i) {
      Parameters moved = x;
      moved[i] += kDelta;
      slope[i] = (Residual(moved, point) - r) / kDelta;
    }
    for (size_t i = 0; i < 4; ++i) {
      n.b[i] -= weight * slope[i] * r;
      for (size_t j = 0; j < 4; ++j) n.a[i][j] += weight * slope[i] * slope[j];
    }
  }
  for (size_t i = 0; i < 4; ++i) {
    n.a[i][i] += kRidge;
    n.b[i] -= kRidge * (x[i] - start[i]);
  }
  return n;
}

// Gauss without pivoting: the damped matrix is positive definite.
Parameters Solve(Normal n, double damping) {
  for (size_t i = 0; i < 4; ++i) n.a[i][i] += damping * (n.a[i][i] + 1e-9);
  for (size_t i = 0; i < 4; ++i) {
    for (size_t row = i + 1; row < 4; ++row) {
      const double factor = n.a[row][i] / n.a[i][i];
      for (size_t j = i; j < 4; ++j) n.a[row][j] -= factor * n.a[i][j];
      n.b[row] -= factor * n.b[i];
    }
  }
  Parameters x{};
  for (size_t i = 4; i-- > 0;) {
    double sum = n.b[i];
    for (size_t j = i + 1; j < 4; ++j) sum -= n.a[i][j] * x[j];
    x[i] = sum / n.a[i][i];
  }
  return x;
}

RoofFit Descend(const Parameters& start, std::span<const FitPoint> points) {
  Parameters x = start;
  double value = Loss(x, points) + Pull(x, start);
  double damping = 1e-2;
  for (int step = 0; step < kSteps && damping < 1e8; ++step) {
    const Parameters move = Solve(NormalEquations(x, start, points), damping);
    Parameters next = x;
    for (size_t i = 0; i < 4; ++i) next[i] += std::clamp(move[i], -2.0, 2.0);
    const double there = Loss(next, points) + Pull(next, start);
    if (!(there < value)) {
      damping *= 8;
      continue;
    }
    const bool settled = value - there < 1e-7 * value;
    x = next;
    value = there;
    damping = std::max(damping / 4, 1e-9);
    if (settled) break;
  }
  return {Decode(x), Loss(x, points)};
}

// The best rates that any point shows; a rate that none asks for costs nothing.
Parameters StartOf(std::span<const FitPoint> points, double fixed_part, double p) {
  constexpr double kFree = 1e15;
  double least = points[0].us, bw = 0, pk = 0;
  for (const FitPoint& point : points) {
    least = std::min(least, point.us);
    bw = std::max(bw, point.bytes / point.us);
    pk = std::max(pk, point.flops / point.us);
  }
  return {std::log(least * fixed_part), std::log(bw > 0 ? bw : kFree),
          std::log(pk > 0 ? pk : kFree), Encode(p)};
}

}  // namespace

double RoofParameters::Predict(double bytes, double flops) const {
  const double read = bytes / bw, compute = flops / pk;
  const double more = std::max(read, compute), less = std::min(read, compute);
  if (more <= 0) return t0;
  return t0 + more * std::pow(1 + std::pow(less / more, p), 1 / p);
}

RoofFit FitRoof(std::span<const FitPoint> points) {
  RoofFit best;
  best.loss = -1;
  for (const double fixed_part : {0.02, 0.5}) {
    for (const double p : {1.5, 4.0}) {
      const RoofFit fit = Descend(StartOf(points, fixed_part, p), points);
      if (best.loss < 0 || fit.loss < best.loss) best = fit;
    }
  }
  return best;
}

}  // namespace motley::profiler
