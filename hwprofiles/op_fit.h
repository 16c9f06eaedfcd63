#pragma once
// Which fit prices a call, and at what: `ops` of motley.machine/1, written by the profiler or by
// hand. Pure functions over plain data, any thread; no errors: what no fit holds for is nothing.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hwprofiles/profile.h"

namespace motley {

// Of what a call is part: files written by hand name their regimes after it.
enum class FitPhase { kPrefill, kDecode };

// One call of an op. `x` is what its regimes are split in: rows of mul_mat, of attention.prefill
// and of the small ops, tokens of all contexts of attention.decode. Empty `type`: not known.
struct FittedCall {
  std::string op, type;
  FitPhase phase = FitPhase::kDecode;
  double x = 1, bytes = 0, flops = 0;
};

// The numbers of a regime's name: {6, 90}, {91, infinity}; a name that is none is all of them.
std::pair<double, double> RegimeRange(const std::string& regime);

// Whether the fit is of the call's op and its regime holds the call: a range of `x` ("6-90",
// "91-"), "prefill" or "gemm", "decode" or "gemv" (the phase), all where it is empty.
bool Holds(const OpFit& fit, const FittedCall& call);

// Microseconds: t0 + ((bytes / bw)^p + (flops / pk)^p)^(1/p).
double PriceUs(const OpFit& fit, double bytes, double flops);

// The fit that prices the call: of its type, or where none of these holds (or the type is not
// known) the slowest of all types, so that a plan is rather kept than broken. Null: no fit holds.
const OpFit* FitFor(const std::vector<OpFit>& fits, const FittedCall& call);

// PriceUs of FitFor.
std::optional<double> PriceUs(const std::vector<OpFit>& fits, const FittedCall& call);

}  // namespace motley
