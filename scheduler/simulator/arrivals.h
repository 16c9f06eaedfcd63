#pragma once
// When requests come and how long they are: from a trace file or drawn from distributions. Any
// thread. Errors: InvalidArgument naming the line or the word.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley {

struct Arrival {
  double at_s = 0;
  int prompt_tokens = 1, output_tokens = 1;
};

// CSV with a header line that names the columns arrival_s, prompt_tokens and output_tokens, in any
// order and among others (tenant, class). In order of time.
Result<std::vector<Arrival>> ReadTrace(const std::string& path);
// The same from text; `name` is put before what is wrong.
Result<std::vector<Arrival>> ParseTrace(std::string_view text, const std::string& name);

// "poisson:2.5" (requests per second), "uniform:2.5" (evenly spaced), "offline:3000" (so many, all
// at once).
struct ArrivalProcess {
  enum class Kind { kPoisson, kUniform, kOffline } kind = Kind::kPoisson;
  double rate_rps = 1;
  uint64_t count = 0;  // kOffline
};
Result<ArrivalProcess> ParseArrivals(std::string_view text);

// "in:512,out:128": lengths with these means, at least 1, of which every further token is as likely
// as the one before (geometric: the exponential distribution of whole numbers);
// "in:512:fixed,out:128:fixed": always these.
struct LengthDistribution {
  enum class Kind { kExponential, kFixed } kind = Kind::kExponential;
  double mean = 1;
};
struct Lengths {
  LengthDistribution prompt, output;
};
Result<Lengths> ParseLengths(std::string_view text);

// As many as come within `seconds` (offline: its count, at 0). The same seed gives the same
// requests; request number i has the same lengths whatever the rate, and the times of two rates
// differ by a factor (common random numbers). InvalidArgument when they are more than fit memory.
Result<std::vector<Arrival>> DrawArrivals(const ArrivalProcess& process, const Lengths& lengths,
                                          double seconds, uint64_t seed);

}  // namespace motley
