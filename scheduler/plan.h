#pragma once
// Where everything goes, and the proof: motley.plan/1 of docs/formats.md. Plain data, readable and
// loadable.

#include <limits>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley {

enum class ObjectiveKind { kLatency, kBottleneck, kThroughput, kGoodput, kCost };
const char* ObjectiveName(ObjectiveKind kind);  // "latency", "bottleneck", ...
// Nothing for other names.
std::optional<ObjectiveKind> ObjectiveFromName(std::string_view name);

// What a served request is promised: the share `quantile` of all requests meets both times.
struct Slo {
  double ttft_s = 0, itl_s = 0;  // 0: no limit
  double quantile = 0.9;
};

struct Objective {
  ObjectiveKind kind = ObjectiveKind::kLatency;
  int prompt_tokens = 512;
  int output_tokens = 128;
  double rate_rps = 0;  // requests per second that must be served; 0: not given
  Slo slo;
};

enum class StageMode {
  kResident,  // weights and KV memory stay on the device
  kStreamed,  // weights come from the host at every step, two layers at a time
};
const char* StageModeName(StageMode mode);
std::optional<StageMode> StageModeFromName(std::string_view name);

struct Stage {
  std::string device;
  int first_item = 0, last_item = 0;  // inclusive; item 0 is the embedding, the last one the head
  StageMode mode = StageMode::kResident;
};

// One way through all items. A device may be a stage of several replicas if it holds the same items
// in each: they share it.
struct Replica {
  std::vector<Stage> stages;  // in order of items
  int micro_batch = 1;        // sequences in one step; 0: as many as fill the pipeline
  int max_sequences = 1;      // in flight: micro_batch for every stage of a full pipeline; 0: what
                              // memory holds
  double kv_tokens = 0;  // of KV memory on each of its devices, for max_sequences; 0: what is left
  double share = 0;      // of its pool's requests; 0: in proportion to what it can do
};

enum class Phase { kBoth, kPrefill, kDecode };
const char* PhaseName(Phase phase);  // "both", "prefill", "decode"
std::optional<Phase> PhaseFromName(std::string_view name);

// Replicas that take requests from one queue. KV memory goes from a prefill to a decode pool.
struct Pool {
  Phase phase = Phase::kBoth;
  std::vector<Replica> replicas;
};

inline constexpr double kUnknownNumber = std::numeric_limits<double>::quiet_NaN();

// NaN: unknown (a phase that was neither measured nor asked for); null in JSON.
struct Prediction {
  double ttft_s = 0, itl_s = 0, prefill_tokens_per_s = 0, decode_tokens_per_s = 0;
  std::map<std::string, double> memory_bytes;  // per device: weights and KV
  std::vector<std::string> prior;              // devices priced from data sheets, not measured
  double energy_j_per_token = kUnknownNumber;  // per generated token, all devices of the plan
  double uncertainty = kUnknownNumber;  // one standard deviation of a step's time, as a share of it
};

struct Proof {
  // "exact"; "bounded": the gap says how much better a plan could be; "heuristic":
  // the best of what was simulated; "given": stages chosen by hand. The last two have no bound.
  std::string method = "exact";
  // latency, bottleneck: us; throughput: generated tokens per second; goodput: requests per second;
  // cost: joules per generated token. gap: how far value is from bound, as a share of bound.
  double value = 0, bound = 0, gap = 0;
  std::string binding;  // what limits it: "nv0 compute", "cpu0 memory", "link cpu0->ocl0"
  long candidates = 0;  // (devices used, last device, items placed) states compared
  double solve_ms = 0;
};

struct Plan {
  std::string id;  // 8 hex digits of its content
  Objective objective;
  std::vector<Pool> pools;
  struct Unused {
    std::string device, reason;
  };
  std::vector<Unused> unused;
  Prediction predicted;
  Proof proof;
  struct Alternative {
    std::string change;
    std::vector<Pool> pools;
    Prediction predicted;
    double value = 0;  // as proof.value
  };
  std::vector<Alternative> alternatives;

  // The stages of a plan that is one pipeline.
  const std::vector<Stage>& stages() const { return pools.at(0).replicas.at(0).stages; }
};

// One replica in one pool for both phases.
std::vector<Pool> OnePipeline(std::vector<Stage> stages, double kv_tokens, int max_sequences);
bool IsOnePipeline(const std::vector<Pool>& pools);
// Errors: Unsupported, naming the key, for a plan that this version can price and simulate but not
// serve: several pools or replicas, streamed weights.
Status CheckServable(const Plan& plan);

// 8 hex digits of the objective and the pools: the same placement has the same id.
std::string PlanId(const Plan& plan);

// Errors: InvalidArgument naming the key. The id is always computed: a plan edited by hand is
// another plan.
Result<Plan> PlanFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Plan& plan);

}  // namespace motley
