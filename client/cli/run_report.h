#pragma once
// What `motley run` says after an answer: measured beside predicted. Pure; any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "client/client.h"

namespace motley {

// An answer and what it took.
struct RunResult {
  std::string text;
  std::vector<int32_t> tokens;
  client::Ending ending;
  double ttft_s = 0;  // from asking to the first token, seen from here
};

// "ttft 0.31 s | prefill 14 tok 412/s | decode 143 tok 28.4/s (predicted 27.9) | cpu0 49% ocl0 51%
// | plan 75ef3ff0". `plan` is motley.plan/1; without a prediction for a phase it says none.
std::string RunFooter(const RunResult& result, const nlohmann::json& plan);

// {"text","tokens","finish_reason","timings":{...},"predicted":{...}}
nlohmann::json RunJson(const RunResult& result, const nlohmann::json& plan);

}  // namespace motley
