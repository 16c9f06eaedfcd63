#include "hwprofiles/op_fit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace motley {
namespace {

constexpr double kEnd = std::numeric_limits<double>::infinity();

std::optional<std::pair<double, double>> ParseRange(const std::string& regime) {
  double first = 0, last = kEnd;
  const char* end = regime.data() + regime.size();
  const auto [at, error] = std::from_chars(regime.data(), end, first);
  if (error != std::errc() || at == end || *at != '-') return std::nullopt;
  if (at + 1 == end) return std::pair(first, last);
  const auto [after, wrong] = std::from_chars(at + 1, end, last);
  if (wrong != std::errc() || after != end) return std::nullopt;
  return std::pair(first, last);
}

}  // namespace

std::pair<double, double> RegimeRange(const std::string& regime) {
  return ParseRange(regime).value_or(std::pair(0.0, kEnd));
}

bool Holds(const OpFit& fit, const FittedCall& call) {
  if (fit.op != call.op) return false;
  if (fit.regime.empty()) return true;
  if (const auto range = ParseRange(fit.regime)) {
    // Ranges are of whole numbers: between 11 and 12 the lower one holds.
    const double x = std::floor(call.x);
    return x >= range->first && x <= range->second;
  }
  return call.phase == FitPhase::kPrefill ? fit.regime == "prefill" || fit.regime == "gemm"
                                          : fit.regime == "decode" || fit.regime == "gemv";
}

double PriceUs(const OpFit& fit, double bytes, double flops) {
  const double read = bytes / fit.bytes_per_us, compute = flops / fit.flops_per_us;
  const double more = std::max(read, compute), less = std::min(read, compute);
  if (more <= 0) return fit.t0_us;
  return fit.t0_us + more * std::pow(1 + std::pow(less / more, fit.p), 1 / fit.p);
}

const OpFit* FitFor(const std::vector<OpFit>& fits, const FittedCall& call) {
  const OpFit* slowest = nullptr;
  const OpFit* of_type = nullptr;
  const auto take = [&](const OpFit& fit, const OpFit*& to) {
    const bool slower =
        !to || PriceUs(fit, call.bytes, call.flops) > PriceUs(*to, call.bytes, call.flops);
    if (slower) to = &fit;
  };
  for (const OpFit& fit : fits) {
    if (!Holds(fit, call)) continue;
    take(fit, slowest);
    if (!call.type.empty() && fit.type == call.type) take(fit, of_type);
  }
  return of_type ? of_type : slowest;
}

std::optional<double> PriceUs(const std::vector<OpFit>& fits, const FittedCall& call) {
  const OpFit* fit = FitFor(fits, call);
  if (!fit) return std::nullopt;
  return PriceUs(*fit, call.bytes, call.flops);
}

}  // namespace motley
