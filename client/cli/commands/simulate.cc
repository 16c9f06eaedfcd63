#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "client/cli/commands.h"
#include "client/cli/input/plan_input.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "scheduler/partition/partitioner.h"
#include "scheduler/simulator/policies.h"
#include "scheduler/simulator/simulator.h"

namespace motley {
namespace {

constexpr double kShowAfterSeconds = 2;

struct Options {
  std::string model, machine, workload, plan, policy, trace, arrivals, lengths, slo, save_plan,
      batching = "auto";
  std::vector<std::string> failures;
  int context_tokens = 0, chunk = 512, prompt_tokens = 0;
  double seconds = 0, warmup = 0;
  uint64_t seed = 0;
  bool json = false;
};

Error Wrong(const char* field, std::string_view text, const char* wanted) {
  return Error::Invalid(
      field, std::string(field) + " is \"" + std::string(text) + "\", must be " + wanted);
}

// Negative when it is no number of at least 0.
double ToNumber(std::string_view text) {
  double value = -1;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  return read.ec == std::errc() && read.ptr == end && std::isfinite(value) ? value : -1;
}

// "nv0@30", "nv0@30+10".
Result<SimulationOptions::Failure> ParseFailure(std::string_view text) {
  const size_t at = text.find('@');
  SimulationOptions::Failure failure;
  if (at == 0 || at == std::string_view::npos) {
    return Wrong("fail", text, "DEVICE@SECONDS or DEVICE@SECONDS+SECONDS");
  }
  failure.device = text.substr(0, at);
  const std::string_view times = text.substr(at + 1);
  const size_t plus = times.find('+');
  failure.at_s = ToNumber(times.substr(0, plus));
  if (plus != std::string_view::npos) failure.back_after_s = ToNumber(times.substr(plus + 1));
  if (failure.at_s < 0 || failure.back_after_s < 0) {
    return Wrong("fail", text, "DEVICE@SECONDS or DEVICE@SECONDS+SECONDS");
  }
  return failure;
}

Status CheckTogether(const Options& options) {
  const auto one_of = [](const char* field, bool a, bool b, const char* what) -> Status {
    if (a != b) return {};
    return Error::Invalid(field, std::string(a ? "only one" : "one") + " of " + what +
                                     (a ? " can be given" : " is needed"));
  };
  TRY(one_of("workload", !options.workload.empty(), !options.model.empty(),
             "a model file and --workload"));
  TRY(one_of("plan", !options.plan.empty(), !options.policy.empty(), "--plan and --policy"));
  TRY(one_of("arrivals", !options.trace.empty(), !options.arrivals.empty(),
             "--trace and --arrivals"));
  if (options.arrivals.empty() == options.lengths.empty()) return {};
  return Error::Invalid("lengths", options.lengths.empty() ? "--arrivals needs --lengths"
                                                           : "--lengths goes with --arrivals");
}

Result<std::vector<Arrival>> LoadArrivals(const Options& options) {
  if (!options.trace.empty()) return ReadTrace(options.trace);
  const ArrivalProcess process = TRY(ParseArrivals(options.arrivals));
  const Lengths lengths = TRY(ParseLengths(options.lengths));
  if (options.seconds <= 0 && process.kind != ArrivalProcess::Kind::kOffline) {
    return Error::Invalid("seconds", "--arrivals " + options.arrivals + " needs --seconds over 0");
  }
  return DrawArrivals(process, lengths, options.seconds, options.seed);
}

// What a plan is made for when the command makes it.
Objective ObjectiveOf(const Options& options, const std::vector<Arrival>& arrivals,
                      const Slo& slo) {
  double prompt = 0, output = 0;
  for (const Arrival& arrival : arrivals) {
    prompt += arrival.prompt_tokens;
    output += arrival.output_tokens;
  }
  const double count = std::max<double>(1, static_cast<double>(arrivals.size()));
  Objective objective;
  objective.prompt_tokens = options.prompt_tokens > 0
                                ? options.prompt_tokens
                                : static_cast<int>(std::lround(prompt / count));
  objective.output_tokens = static_cast<int>(std::lround(output / count));
  objective.slo = slo;
  return objective;
}

// The planner's best for throughput; where the planner of this version knows no such objective, the
// best bottleneck.
Result<Plan> BestPlan(const MachineProfile& machine, const Workload& workload,
                      Objective objective) {
  objective.kind = ObjectiveKind::kThroughput;
  auto plan = Partition(machine, workload, objective);
  if (!plan.ok() && plan.error().code == Code::kUnsupported) {
    objective.kind = ObjectiveKind::kBottleneck;
    plan = Partition(machine, workload, objective);
    // The sizes are for one sequence of the whole context; all the memory is to be used.
    if (plan.ok()) {
      for (Pool& pool : plan->pools) {
        for (Replica& replica : pool.replicas) {
          replica.micro_batch = replica.max_sequences = 0;
          replica.kv_tokens = 0;
        }
      }
      plan->id = PlanId(*plan);
    }
  }
  return plan;
}

Result<Plan> LoadPlan(const Options& options, const MachineProfile& machine,
                      const Workload& workload, const Objective& objective) {
  if (!options.plan.empty()) return PlanFromJson(TRY(ReadJson(options.plan)));
  if (options.policy == "best") return BestPlan(machine, workload, objective);
  return PlanByPolicy(options.policy, machine, workload, objective);
}

std::string Row(const char* what, const Percentiles& p) {
  const auto cell = [](double s) {
    if (std::isnan(s)) return std::string("-");
    return s < 1 ? fmt::format("{:.2f} ms", s * 1e3) : fmt::format("{:.2f} s", s);
  };
  return fmt::format("  {:<6}{:>12}{:>12}{:>12}{:>12}\n", what, cell(p.mean), cell(p.p50),
                     cell(p.p90), cell(p.p99));
}

std::string Text(const SimulationResult& result, const Plan& plan) {
  std::string out =
      fmt::format("plan {}: {} requests, {} completed, {} failed in {:.1f} s\n", plan.id,
                  result.requests, result.completed, result.failed, result.seconds);
  out += fmt::format(
      "  decode {:.1f} tok/s   prompts {:.1f} tok/s   goodput {:.3f} req/s ({:.1f} %)\n",
      result.decode_tokens_per_s, result.prompt_tokens_per_s, result.goodput_rps,
      100 * result.slo_attained);
  out += fmt::format("  {:<6}{:>12}{:>12}{:>12}{:>12}\n", "", "mean", "p50", "p90", "p99");
  out += Row("ttft", result.ttft_s) + Row("itl", result.itl_s) + Row("e2e", result.e2e_s);
  for (const auto& [device, busy] : result.utilisation) {
    out += fmt::format("  {:<12} {} {:>5.1f} % busy\n", device,
                       std::string(static_cast<size_t>(std::lround(busy * 40)), '=') +
                           std::string(static_cast<size_t>(40 - std::lround(busy * 40)), '.'),
                       busy * 100);
  }
  if (result.energy_j > 0) {
    const double tokens = result.decode_tokens_per_s * result.seconds;
    out += fmt::format("  energy {:.1f} J, {:.3f} J per token\n", result.energy_j,
                       tokens > 0 ? result.energy_j / tokens : 0);
  }
  for (const std::string& violation : result.violations) {
    out += "  VIOLATION " + violation + "\n";
  }
  return out;
}

// Shows how far it is once it takes long, and stops on Ctrl-C.
class Watch {
 public:
  explicit Watch(double seconds) : seconds_(seconds), started_ns_(RealClock().NowNs()) {
    WatchInterrupts();
  }
  bool KeepGoing(double now_s) {
    if (SecondsBetween(started_ns_, RealClock().NowNs()) > kShowAfterSeconds) {
      line_.Show("simulating", std::min(1.0, now_s / seconds_));
    }
    return !Interrupted();
  }

 private:
  const double seconds_;
  const int64_t started_ns_;
  ProgressLine line_;
};

Result<SimulationOptions> ToSimulation(const Options& options) {
  SimulationOptions simulation;
  simulation.seconds = options.seconds;
  simulation.warmup_seconds = options.warmup;
  simulation.chunk_tokens = options.chunk;
  simulation.prompt_tokens = options.prompt_tokens;
  if (options.batching == "cohorts") simulation.batching = Batching::kCohorts;
  if (options.batching == "device") simulation.batching = Batching::kDevice;
  simulation.slo = TRY(ParseSlo(options.slo));
  for (const std::string& failure : options.failures) {
    simulation.failures.push_back(TRY(ParseFailure(failure)));
  }
  return simulation;
}

Status Run(const Options& options) {
  TRY(CheckTogether(options));
  SimulationOptions simulation = TRY(ToSimulation(options));
  const MachineProfile machine = TRY(MachineFromJson(TRY(ReadJson(options.machine))));
  const Workload workload =
      TRY(LoadWorkload(options.model, options.workload, options.context_tokens));
  const std::vector<Arrival> arrivals = TRY(LoadArrivals(options));
  const Plan plan =
      TRY(LoadPlan(options, machine, workload, ObjectiveOf(options, arrivals, simulation.slo)));
  if (!options.save_plan.empty()) {
    TRY(WriteFileAtomically(options.save_plan, ToJson(plan).dump(1) + "\n"));
  }
  const double last_s = arrivals.empty() ? 0 : arrivals.back().at_s - arrivals.front().at_s;
  SimulationResult result;
  {
    Watch watch(options.seconds > 0 ? options.seconds : std::max(last_s, 1.0));
    simulation.keep_going = [&](double now_s) { return watch.KeepGoing(now_s); };
    result = TRY(Simulate(machine, workload, plan, arrivals, simulation));
  }
  if (Interrupted()) {
    return Error{.code = Code::kCancelled,
                 .message = "interrupted: nothing was simulated to the end"};
  }
  if (options.json) {
    std::puts(ToJson(result).dump().c_str());
  } else {
    fmt::print("{}", Text(result, plan));
  }
  if (result.violations.empty()) return {};
  return Error::Internal("the simulation broke a law that it must hold: " + result.violations[0])
      .Fix("report it with the files and the command");
}

void AddInputs(CLI::App& command, Options& options) {
  command.add_option("model", options.model, "model file (GGUF), in place of --workload");
  command.add_option("--machine", options.machine, "motley.machine/1 file")->required();
  command.add_option("--workload", options.workload, "motley.workload/1 file");
  command.add_option("--ctx", options.context_tokens, "tokens of context to plan for")
      ->check(CLI::Range(1, 1 << 24));
  command.add_option("--plan", options.plan, "motley.plan/1 file");
  command.add_option("--policy", options.policy,
                     "memory-proportional, speed-proportional, fastest-first, even, single:DEVICE "
                     "or best (the planner's)");
  command.add_option("--save-plan", options.save_plan, "write the plan that was simulated");
}

void AddTraffic(CLI::App& command, Options& options) {
  command.add_option("--trace", options.trace, "CSV: arrival_s,prompt_tokens,output_tokens");
  command.add_option("--arrivals", options.arrivals,
                     "poisson:RATE or uniform:RATE (requests per second), offline:COUNT");
  command.add_option("--lengths", options.lengths,
                     "in:MEAN,out:MEAN tokens, or in:TOKENS:fixed,...");
  command.add_option("--seconds", options.seconds,
                     "virtual time to simulate (default: until all are answered)");
  command.add_option("--warmup", options.warmup, "seconds at the beginning that are not counted");
  command.add_option("--seed", options.seed, "of arrivals and lengths (default 0)");
  command.add_option("--prompt", options.prompt_tokens,
                     "the prompt that item_times_us.prefill is for (default: the plan's)");
  command.add_option("--chunk", options.chunk, "rows of one step (default 512)")
      ->check(CLI::Range(1, 1 << 24));
  command
      .add_option("--batching", options.batching,
                  "who a batch is made of: cohorts, device (whoever waits for it), or auto: device "
                  "where replicas share one (default)")
      ->check(CLI::IsMember({"auto", "cohorts", "device"}));
  command.add_option("--slo", options.slo, "ttft=SECONDS,itl=SECONDS: counted in goodput");
  command
      .add_option("--fail", options.failures,
                  "DEVICE@SECONDS[+SECONDS]: it fails, and is back after so long")
      ->allow_extra_args(false);
}

}  // namespace

void AddSimulateCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("simulate", "What a plan would serve, on a machine that is not there");
  command->footer(
      "Examples:\n  motley simulate --machine box.json --workload w.json --policy best \\\n"
      "                  --arrivals poisson:2 --lengths in:512,out:128 --seconds 600\n"
      "  motley simulate model.gguf --machine box.json --plan plan.json --trace t.csv --json\n"
      "  motley simulate model.gguf --machine box.json --policy even --arrivals offline:500 \\\n"
      "                  --lengths in:512,out:128 --slo ttft=2,itl=0.1 --fail nv0@30+10\n");
  AddInputs(*command, *options);
  AddTraffic(*command, *options);
  command->add_flag("--json", options->json, "print motley.simulation/1");
  command->callback([options, status] {
    const Status done = Run(*options);
    if (done.ok()) return;
    *status = ReportError(done.error(), options->json ? Format::kJson : Format::kText);
    if (Interrupted()) *status = 130;
  });
}

}  // namespace motley
