#pragma once
// Does a device compute what the scalar reference computes? Every op with every type it may have,
// over odd shapes: rows 1 to 33, widths of one block and of no multiple of 32, padded strides,
// shuffled block tables, windows. Outputs start as NaN, and the memory around and between their
// rows has to stay as it was.
//
// The reference runs on the host's CPU: full precision (CpuLevel::kRef) for float types and for
// devices whose KvType is F32, the portable integers (kScalar) for quantised matrices elsewhere.
// From the device's thread; a second or two.

#include <string>
#include <vector>

#include "backends/backend.h"

namespace motley {

struct ConformanceFilter {
  std::string op;    // "mul_mat"; empty: all
  std::string type;  // "Q4_K": of the weight, the table or the cache, else F32; empty: all
};

struct ConformanceResult {
  std::string op, type;
  int passed = 0, failed = 0, unsupported = 0;  // cases
  // Largest |y - reference| / (|reference| + mean |reference|) of the cases that ran; 1e30 for NaN
  // or stray writes.
  double worst_error = 0;
  double tolerance = 0;
  std::string reason;  // of the first failure, else of the first refusal
};

struct ConformanceReport {
  std::string device;
  std::vector<ConformanceResult> results;
  int Failed() const;
};

// InvalidArgument for a filter that names no op or type; the device's own error if it is lost or
// out of memory.
Result<ConformanceReport> RunConformance(Device& device, const ConformanceFilter& filter);

// {"device","results":[{"op","type","passed","failed","unsupported","worst_error","tolerance","reason"}]}
std::string ConformanceJson(const ConformanceReport& report);

}  // namespace motley
