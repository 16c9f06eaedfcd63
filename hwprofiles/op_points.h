#pragma once
// What the profiler measured of one device: motley.profile/1 of docs/formats.md. Points are kept as
// measured, so that a better fit needs no new measurement. Plain data; JSON in and out. Any thread.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace motley {

// One op at one size. `sweep` and `where` are its identity: a newer point replaces an older one.
struct OpPoint {
  std::string sweep;  // "gemm.q4_0"
  std::string op;     // what is fitted together with `type`: "mul_mat"; empty: a rate, not fitted
  std::string type;   // "Q4_0", or empty
  std::string where;  // "M 4 N 2048 K 5632", for people
  double x = 1;       // what regimes are split in: rows, tokens of context, bytes
  double bytes = 0, flops = 0;  // moved and computed by one call
  double us = 0;                // median of the samples, of one call
  double spread = 0;            // of the samples: quartile to quartile, as a share of the median
  double waited = 0;            // for a core that others had, as a share of the time
  int samples = 0;
  int left_out = 0;  // slower by far than the quick ones, or with a wait: others had the cores
  int attempts = 1;  // it took more than one when others disturbed it
  std::string note;  // how it was checked, or what is odd about it
};

// What others did to a point: it was repeated, and is to be read with care.
bool Disturbed(const OpPoint& point);
inline constexpr double kDisturbedWait = 0.05, kDisturbedSpread = 0.10;

// A sampled comparison with the reference, before anything is timed.
struct SelfTest {
  int cases = 0;                 // that ran and were right
  std::string op, type, reason;  // of the one that was wrong; empty op: none
  bool ok() const { return op.empty(); }
};

struct SkippedSweep {
  std::string sweep, reason;
};

struct OpProfile {
  // The device, as `motley devices` shows it.
  std::string id, kind, name, uuid, driver, kernels;
  double memory_bytes = 0, usable_bytes = 0;
  int64_t measured_at_s = 0;  // unix seconds of the newest point
  SelfTest self_test;
  std::vector<OpPoint> points;
  std::vector<SkippedSweep> skipped;
};

nlohmann::json ToJson(const OpPoint& point);
nlohmann::json ToJson(const SelfTest& test);
nlohmann::json ToJson(const OpProfile& profile);
// Errors name the key: missing, negative, a time of 0, another schema.
Result<OpPoint> OpPointFromJson(const nlohmann::json& json, const std::string& path);
Result<SelfTest> SelfTestFromJson(const nlohmann::json& json, const std::string& path);
Result<OpProfile> OpProfileFromJson(const nlohmann::json& json);

// Adds what `newer` measured to `into`; all else is `newer`'s. Both are of one device.
void MergeInto(OpProfile newer, OpProfile& into);

}  // namespace motley
