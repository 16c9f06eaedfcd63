#pragma once
// What a profile says: fits and how good they are, the machine as the planner reads it, the
// difference between two. Pure but for MachineOf. One thread.

#include <string>
#include <vector>

#include "base/result.h"
#include "hwprofiles/op_points.h"
#include "hwprofiles/profile.h"

namespace motley {

// The points of one op and type, fitted.
struct FittedOp {
  std::string op, type;
  std::vector<OpFit> regimes;
  int points = 0;     // that were fitted
  int disturbed = 0;  // others, left out
  struct Unseen {
    std::string regime;
    double error = 0;  // |predicted / measured - 1| of a point that the fit did not see
    std::string where;
    double measured_us = 0, predicted_us = 0;
  };
  std::vector<Unseen> unseen;
};
// In the order of the points. What others disturbed is left out where enough is left.
std::vector<FittedOp> FitOps(const OpProfile& profile);

// The layer_times of a machine file, "layer" of type "prefill" and "decode", through the same code:
// a token is a unit of flops, the weights are one unit of bytes (FitLayerTable of fit.h).
std::vector<FittedOp> FitLayerTables(const DeviceProfile& device);

// Errors of many points at once.
struct FitQuality {
  int points = 0;
  double median = 0, p95 = 0;
  bool ok() const;  // median <= 5 %, p95 <= 15 %
};
FitQuality QualityOf(const std::vector<FittedOp::Unseen>& unseen);
FitQuality QualityOf(const std::vector<FittedOp>& ops);

// Fits as "ops", measured roofs (else the best rates of any point) as "peak".
DeviceProfile DeviceOf(const OpProfile& profile);
// All devices, links to and from the host by their copies, and between every ordered pair: out of
// one, through the ring between two workers (measured here, milliseconds), into the other.
Result<MachineProfile> MachineOf(const std::vector<OpProfile>& profiles);
// The same with the ring given.
MachineProfile MachineOf(const std::vector<OpProfile>& profiles, const LinkProfile& ring);

// Points that both have and nobody disturbed, by |b / a - 1|.
struct Difference {
  int points = 0;
  double median = 0, worst = 0;
  std::string worst_at;  // "gemm.q4_0 M 4 N 2048 K 2048"
};
Difference Compare(const OpProfile& a, const OpProfile& b);

// The same device in two machine files: the best rates of an op's fits, bytes and flops per us.
struct RateChange {
  std::string device, op, type;
  double bytes_a = 0, bytes_b = 0, flops_a = 0, flops_b = 0, t0_a = 0, t0_b = 0;
};
std::vector<RateChange> Compare(const MachineProfile& a, const MachineProfile& b);

}  // namespace motley
