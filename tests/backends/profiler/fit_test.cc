#include "backends/profiler/fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "backends/profiler/smooth_roof.h"

namespace motley {
namespace {

using profiler::RoofParameters;

constexpr double kRows[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

// Three shapes of a matrix with 4.5 bits per weight, over M.
std::vector<FitPoint> Matrices(const std::function<RoofParameters(double rows)>& truth,
                               double noise) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, noise);
  std::vector<FitPoint> points;
  for (const auto& [n, k] : {std::pair(2048., 2048.), {5632., 2048.}, {2048., 5632.}}) {
    for (const double rows : kRows) {
      FitPoint p{rows, n * k * 4.5 / 8 + 4 * rows * (n + k), 2 * rows * n * k, 0};
      p.us = truth(rows).Predict(p.bytes, p.flops) * std::exp(normal(random));
      points.push_back(p);
    }
  }
  return points;
}

std::vector<double> Errors(const std::vector<HeldOut>& held_out) {
  std::vector<double> errors;
  for (const HeldOut& h : held_out) errors.push_back(h.error);
  return errors;
}

TEST(Fit, FindsTheParametersOfExactTimes) {
  const RoofParameters truth{12, 20'000, 300'000, 2.5};
  const auto curve = FitCurve("mul_mat", "Q4_0", Matrices([&](double) { return truth; }, 0));
  ASSERT_TRUE(curve.ok()) << curve.error().message;
  ASSERT_EQ(curve->regimes.size(), 1u);
  const OpFit& fit = curve->regimes[0];
  EXPECT_EQ(fit.regime, "1-");
  EXPECT_NEAR(fit.t0_us, 12, 0.6);
  EXPECT_NEAR(fit.bytes_per_us, 20'000, 400);
  EXPECT_NEAR(fit.flops_per_us, 300'000, 3000);
  EXPECT_NEAR(fit.p, 2.5, 0.2);
}

TEST(Fit, SplitsWhereTheKernelsSwitch) {
  const auto truth = [](double rows) {
    return rows <= 8 ? RoofParameters{5, 20'000, 60'000, 4} : RoofParameters{60, 9'000, 400'000, 2};
  };
  const auto points = Matrices(truth, 0.02);
  const auto curve = FitCurve("mul_mat", "Q4_0", points);
  ASSERT_TRUE(curve.ok()) << curve.error().message;
  ASSERT_EQ(curve->regimes.size(), 2u);
  EXPECT_EQ(curve->regimes[0].regime, "1-11");
  EXPECT_EQ(curve->regimes[1].regime, "12-");
  const auto held_out = HeldOutErrors(points);
  ASSERT_TRUE(held_out.ok());
  EXPECT_LT(Quantile(Errors(*held_out), 0.5), 0.05);
  EXPECT_LT(Quantile(Errors(*held_out), 0.95), 0.15);
}

TEST(Fit, NoiseIsNotAnotherRegime) {
  const RoofParameters truth{12, 20'000, 300'000, 2};
  const auto curve = FitCurve("mul_mat", "Q4_0", Matrices([&](double) { return truth; }, 0.03));
  ASSERT_TRUE(curve.ok());
  EXPECT_EQ(curve->regimes.size(), 1u);
}

TEST(Fit, OneDisturbedPointBendsNothing) {
  const RoofParameters truth{12, 20'000, 300'000, 2};
  auto points = Matrices([&](double) { return truth; }, 0.01);
  points[17].us *= 9;
  const auto curve = FitCurve("mul_mat", "Q4_0", points);
  ASSERT_TRUE(curve.ok());
  for (const FitPoint& p : points) {
    const double right = truth.Predict(p.bytes, p.flops);
    EXPECT_NEAR(curve->Predict(p.x, p.bytes, p.flops) / right, 1, 0.05) << p.x;
  }
}

TEST(Fit, ParametersStayInTheirBounds) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> any(-9, 9);
  for (int round = 0; round < 20; ++round) {
    std::vector<FitPoint> points;
    for (int i = 0; i < 1 + round; ++i) {
      points.push_back({1.0 + i, std::exp(any(random)), round % 3 ? std::exp(any(random)) : 0,
                        std::exp(any(random))});
    }
    const auto curve = FitCurve("add", "F32", points);
    ASSERT_TRUE(curve.ok()) << curve.error().message;
    EXPECT_LE(curve->regimes.size(), 3u);
    for (const OpFit& fit : curve->regimes) {
      EXPECT_GT(fit.t0_us, 0);
      EXPECT_GT(fit.bytes_per_us, 0);
      EXPECT_GT(fit.flops_per_us, 0);
      EXPECT_TRUE(std::isfinite(fit.bytes_per_us) && std::isfinite(fit.flops_per_us));
      EXPECT_GE(fit.p, 1);
      EXPECT_LE(fit.p, 8);
    }
  }
}

TEST(Fit, BytesAloneAreALine) {
  std::vector<FitPoint> points;
  for (double bytes = 4096; bytes <= 64 << 20; bytes *= 4) {
    points.push_back({bytes, bytes, 0, 3 + bytes / 11'000});
  }
  const auto curve = FitCurve("copy.h2d", "", points);
  ASSERT_TRUE(curve.ok());
  EXPECT_NEAR(curve->Predict(1e6, 1e6, 0), 3 + 1e6 / 11'000, 2);
}

TEST(Fit, RefusesTimesThatAreNone) {
  EXPECT_FALSE(FitCurve("add", "F32", {}).ok());
  EXPECT_FALSE(FitCurve("add", "F32", {{1, 10, 10, 0}}).ok());
  EXPECT_FALSE(FitCurve("add", "F32", {{1, 0, 0, 5}}).ok());
  EXPECT_FALSE(FitCurve("add", "F32", {{1, std::nan(""), 0, 5}}).ok());
}

// Tables as papers print them: one layer's time over the batch, 2-3 % off, rounded to 1 ms above
// 100 tokens.
TimeTable Published(const std::function<double(double)>& us, double noise, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, noise);
  TimeTable table;
  for (double b = 2; b <= 800; b += b < 20 ? 2 : b < 200 ? 20 : 50) {
    double t = us(b) * std::exp(normal(random));
    if (b >= 100) t = std::max(1.0, std::round(t / 1000)) * 1000;
    table.emplace_back(b, t);
  }
  return table;
}

double WorstMedian(const std::function<double(double)>& us, double noise) {
  double worst = 0;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::vector<FitPoint> points;
    for (const auto& [b, t] : Published(us, noise, seed)) points.push_back({b, 1, b, t});
    const auto held_out = HeldOutErrors(points);
    EXPECT_TRUE(held_out.ok());
    worst = std::max(worst, Quantile(Errors(*held_out), 0.5));
  }
  return worst;
}

TEST(LayerTables, SmoothOnesStayWithinTenPercent) {
  const auto fast = [](double b) { return 900 + std::hypot(1500.0, b * 31); };
  EXPECT_LT(WorstMedian(fast, 0.03), 0.10);
  const auto slow = [](double b) { return 400 + std::hypot(5200.0, b * 95); };
  EXPECT_LT(WorstMedian(slow, 0.02), 0.10);
}

TEST(LayerTables, AJumpBetweenKernelsStaysWithinTenPercent) {
  const auto jump = [](double b) { return b <= 120 ? 4500 + 70 * b : 5000 + 100 * b; };
  EXPECT_LT(WorstMedian(jump, 0.025), 0.10);
  const auto curve = FitLayerTable(Published(jump, 0.01, 9));
  ASSERT_TRUE(curve.ok());
  ASSERT_GE(curve->regimes.size(), 2u);
  EXPECT_NEAR(PredictLayer(*curve, 120) / jump(120), 1, 0.08);
  EXPECT_NEAR(PredictLayer(*curve, 140) / jump(140), 1, 0.08);
}

TEST(LayerTables, TheFitIsTheSameEveryTime) {
  const auto us = [](double b) { return 900 + std::hypot(1500.0, b * 31); };
  const auto a = FitLayerTable(Published(us, 0.03, 1)), b = FitLayerTable(Published(us, 0.03, 1));
  ASSERT_TRUE(a.ok() && b.ok());
  for (const double x : {1.0, 77.0, 3000.0}) EXPECT_EQ(PredictLayer(*a, x), PredictLayer(*b, x));
}

}  // namespace
}  // namespace motley
