#pragma once
// One regime: four parameters, by damped least squares (Levenberg and Marquardt) from several
// starts. Pure functions, any thread.

#include <array>
#include <span>

#include "backends/profiler/fit.h"

namespace motley::profiler {

struct RoofParameters {
  double t0 = 0, bw = 1, pk = 1, p = 1;
  double Predict(double bytes, double flops) const;
};

struct RoofFit {
  RoofParameters roof;
  double loss = 0;  // sum of Huber's loss of ln(predicted / measured), doubled: squares near zero
};

// At least one point, all with positive times.
RoofFit FitRoof(std::span<const FitPoint> points);

}  // namespace motley::profiler
