#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/cli/input/plan_input.h"
#include "client/cli/output.h"
#include "hwprofiles/cards/imagine.h"
#include "scheduler/partition/partitioner.h"

namespace motley {
namespace {

struct Options {
  PlanInputOptions input;
  std::vector<std::string> changes;  // "rtx-3090", "rtx-3090+arc-a770"
  int rank = 0;
  bool json = false;
};

// One machine and what it would do: for one request alone, and for as many as it takes.
struct Scenario {
  std::string change;                  // "now", "rtx-3090"
  double watts = 0, memory_bytes = 0;  // of what was added
  std::optional<Plan> latency, throughput;
  std::string reason;  // why there is no plan
};

Scenario Imagine(const PlanInput& input, const Objective& objective, std::string change,
                 const MachineProfile& machine) {
  Scenario out{std::move(change)};
  Objective many = objective;
  many.kind = ObjectiveKind::kThroughput;
  auto latency = Partition(machine, input.workload, objective);
  auto throughput = Partition(machine, input.workload, many);
  if (!latency.ok()) out.reason = latency.error().message;
  if (latency.ok()) out.latency = latency.ReleaseValue();
  if (throughput.ok()) out.throughput = throughput.ReleaseValue();
  return out;
}

// "rtx-3090+arc-a770": both at once.
Result<Scenario> WithCards(const PlanInput& input, const Objective& objective,
                           const std::vector<CatalogEntry>& catalog, const std::string& change) {
  MachineProfile machine = input.machine;
  double watts = 0, memory = 0;
  for (size_t from = 0; from <= change.size();) {
    const size_t plus = std::min(change.find('+', from), change.size());
    const CardChoice card =
        TRY(ParseCard(catalog, std::string_view(change).substr(from, plus - from)));
    TRY(AddCards(card, &machine));
    watts += card.count * card.entry->busy_w;
    memory += card.count * card.entry->memory_bytes.value_or(0);
    from = plus + 1;
  }
  Scenario out = Imagine(input, objective, change, machine);
  out.watts = watts;
  out.memory_bytes = memory;
  return out;
}

double ValueOf(const Scenario& scenario) {
  return scenario.latency ? scenario.latency->proof.value : HUGE_VAL;
}

// Every card of the catalog, the `count` that answer a request soonest; of equals the frugal one.
Result<std::vector<Scenario>> Ranked(const PlanInput& input, const Objective& objective,
                                     const std::vector<CatalogEntry>& catalog, int count) {
  std::vector<Scenario> all;
  for (const CatalogEntry& entry : catalog) {
    if (!ParseCard(catalog, entry.id).ok()) continue;  // a processor, or a sheet without memory
    all.push_back(TRY(WithCards(input, objective, catalog, entry.id)));
  }
  std::ranges::stable_sort(all, [](const Scenario& a, const Scenario& b) {
    return std::pair(ValueOf(a), a.watts) < std::pair(ValueOf(b), b.watts);
  });
  all.resize(std::min(all.size(), static_cast<size_t>(count)));
  return all;
}

std::string Number(double value, const char* format) {
  return std::isfinite(value) ? fmt::format(fmt::runtime(format), value) : "-";
}

std::string PlacementOf(const Plan& plan) {
  std::string out;
  for (const Stage& stage : plan.stages()) {
    out += fmt::format("{}{} {}-{}", out.empty() ? "" : " | ", stage.device, stage.first_item,
                       stage.last_item);
  }
  return out;
}

void Print(const std::vector<Scenario>& scenarios, const Objective& objective) {
  fmt::print("{} prompt and {} generated tokens\n", objective.prompt_tokens,
             objective.output_tokens);
  Table table({"WITH", "TTFT s", "ONE tok/s", "MANY tok/s", "J/token", "ITEMS"});
  table.AlignRight({1, 2, 3, 4}).Elastic(5);
  const double unknown = kUnknownNumber;
  for (const Scenario& s : scenarios) {
    const Prediction* one = s.latency ? &s.latency->predicted : nullptr;
    const Prediction* many = s.throughput ? &s.throughput->predicted : nullptr;
    table.Add({s.change, Number(one ? one->ttft_s : unknown, "{:.3f}"),
               Number(one ? one->decode_tokens_per_s : unknown, "{:.1f}"),
               Number(many ? many->decode_tokens_per_s : unknown, "{:.0f}"),
               Number(many ? many->energy_j_per_token : unknown, "{:.2f}"),
               s.latency ? PlacementOf(*s.latency) : s.reason});
  }
  fmt::print("{}", table.Text(ScreenWidth(1)));
  fmt::print(
      "Cards are priced from their data sheets: expect these numbers to be off by a third.\n");
}

nlohmann::json ToJson(const Scenario& s) {
  const auto plan = [](const std::optional<Plan>& p) {
    return p ? motley::ToJson(*p) : nlohmann::json();
  };
  return {{"change", s.change},
          {"added_w", s.watts},
          {"added_memory_bytes", s.memory_bytes},
          {"latency", plan(s.latency)},
          {"throughput", plan(s.throughput)},
          {"reason", s.reason.empty() ? nlohmann::json() : nlohmann::json(s.reason)}};
}

Status Run(const Options& options) {
  if (options.changes.empty() && options.rank == 0) {
    return Error::Invalid("add", "say what to add")
        .Fix("--add rtx-3090, or --rank 10 for the best of the catalog");
  }
  const Objective objective{ObjectiveKind::kLatency, options.input.prompt_tokens,
                            options.input.output_tokens};
  const std::vector<CatalogEntry> catalog = TRY(Catalog());
  const PlanInput input = TRY(LoadPlanInput(options.input, objective));
  std::vector<Scenario> scenarios{Imagine(input, objective, "now", input.machine)};
  for (const std::string& change : options.changes) {
    scenarios.push_back(TRY(WithCards(input, objective, catalog, change)));
  }
  if (options.rank > 0) {
    for (Scenario& s : TRY(Ranked(input, objective, catalog, options.rank))) {
      scenarios.push_back(std::move(s));
    }
  }
  if (!options.json) {
    Print(scenarios, objective);
    return {};
  }
  nlohmann::json out{{"schema", "motley.whatif/1"},
                     {"prompt_tokens", objective.prompt_tokens},
                     {"output_tokens", objective.output_tokens},
                     {"scenarios", nlohmann::json::array()}};
  for (const Scenario& s : scenarios) out["scenarios"].push_back(ToJson(s));
  std::puts(out.dump().c_str());
  return {};
}

}  // namespace

void AddWhatIfCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("whatif", "What a card that is not there would give, from its data sheet");
  command->footer(
      "Examples:\n  motley whatif model.gguf --add rtx-3090,arc-a770\n"
      "  motley whatif model.gguf --add 'rtx-3090@gen3x8*2+tesla-p40'\n"
      "  motley whatif --machine box.json --workload w.json --rank 10 --json\n");
  AddPlanInputOptions(*command, &options->input);
  command
      ->add_option("--add", options->changes,
                   "cards of the catalog, one row for each; CARD@gen3x8 names its slot, CARD*2 two "
                   "of them, A+B both")
      ->delimiter(',');
  command->add_option("--without", options->input.without, "devices to take out first")
      ->delimiter(',');
  command->add_option("--rank", options->rank, "the best N cards of the whole catalog")
      ->check(CLI::Range(1, 1000));
  command->add_flag("--json", options->json, "print motley.whatif/1");
  AddPlacementOptions(*command, &options->input.serve);
  command->callback([options, status] {
    const Status done = Run(*options);
    if (!done.ok())
      *status = ReportError(done.error(), options->json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
