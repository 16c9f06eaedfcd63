#pragma once
// The smooth roofline of one op on one device, fitted to measured times:
//
//   t = t0 + ((bytes / bw)^p + (flops / pk)^p)^(1/p)        t0, bw, pk > 0, 1 <= p <= 8
//
// once per kernel regime: kernels switch at some number of rows, and a curve across the switch fits
// neither side (published tables show 13 -> 19 ms from 120 to 140 rows). Where they switch is found
// from the points. Pure functions, any thread; the same points give the same fit.

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"

namespace motley {

// What one call moved and computed, and its time. `x` is what regimes are split in: rows of a
// batch, bytes of a copy; at least 1. `flops` may be 0 for all points: then bytes alone price a
// call.
struct FitPoint {
  double x = 1, bytes = 0, flops = 0, us = 0;
};

// One to three fits whose regimes, in OpFit::regime, cover every x without a gap: "1-5", "6-90",
// "91-". Least squares of the logarithm of the error with Huber's bound at 5 %, so that a disturbed
// point bends nothing; a further regime only where it pays for its parameters (Schwarz's criterion)
// and holds as many points.
struct OpCurve {
  std::vector<OpFit> regimes;  // rising

  // Microseconds of a call.
  double Predict(double x, double bytes, double flops) const;
  // The regime that holds x.
  const OpFit& At(double x) const;
};

// `op` and `type` go into the fits. InvalidArgument: no points, or one without a positive time, x
// or work.
Result<OpCurve> FitCurve(const std::string& op, const std::string& type,
                         std::vector<FitPoint> points);

// One layer against tokens, as layer_times of motley.machine/1 and published tables give it: the
// weights are one unit of bytes read once, a token is one unit of flops.
Result<OpCurve> FitLayerTable(const TimeTable& table);
double PredictLayer(const OpCurve& curve, double tokens);

// How far a curve is from points that it did not see: it is fitted without every fourth point, in
// order of x and bytes. Relative, |predicted / measured - 1|.
struct HeldOut {
  std::string regime;  // of the curve fitted to all points
  double error = 0;
  FitPoint point;
  double predicted_us = 0;
};
Result<std::vector<HeldOut>> HeldOutErrors(const std::vector<FitPoint>& points);
// Of the list, by rank: 0.5 the median, 0.95 the 95th percentile. 0 for an empty list.
double Quantile(std::vector<double> values, double part);

}  // namespace motley
