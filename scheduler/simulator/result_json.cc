#include <nlohmann/json.hpp>

#include "hwprofiles/json_fields.h"
#include "scheduler/simulator/simulator.h"

namespace motley {
namespace {

using nlohmann::json;

json ToJson(const Percentiles& percentiles) {
  return {{"mean", NumberOrNull(percentiles.mean)},
          {"p50", NumberOrNull(percentiles.p50)},
          {"p90", NumberOrNull(percentiles.p90)},
          {"p99", NumberOrNull(percentiles.p99)}};
}

}  // namespace

json ToJson(const SimulationResult& result) {
  return {{"schema", "motley.simulation/1"},
          {"requests", result.requests},
          {"completed", result.completed},
          {"failed", result.failed},
          {"seconds", result.seconds},
          {"decode_tokens_per_s", result.decode_tokens_per_s},
          {"prompt_tokens_per_s", result.prompt_tokens_per_s},
          {"ttft_s", ToJson(result.ttft_s)},
          {"itl_s", ToJson(result.itl_s)},
          {"e2e_s", ToJson(result.e2e_s)},
          {"goodput_rps", result.goodput_rps},
          {"slo_attained", result.slo_attained},
          {"in_system", result.in_system},
          {"utilisation", result.utilisation},
          {"energy_j", result.energy_j},
          {"steps", result.steps},
          {"events", result.events},
          {"violations", result.violations}};
}

}  // namespace motley
