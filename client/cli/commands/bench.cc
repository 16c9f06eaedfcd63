#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "daemon/app/options.h"
#include "daemon/core/core.h"
#include "daemon/planning/forecast.h"

namespace motley {
namespace {

constexpr int kStreamTokens = 64;  // b16: so many in, so many out, per stream

struct Options {
  ServeOptions serve;
  std::vector<int> prompts{512}, batches;
  int generated = 128, repeats = 5;
  std::string format = "table";
};

struct Row {
  std::string test;
  std::vector<double> tokens_per_s;
  double predicted = 0;
};

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Jobs started together, and their timings when the last has ended.
class Streams {
 public:
  explicit Streams(Core& core) : core_(core) {}

  Result<std::vector<Timings>> Run(int streams, int prompt_tokens, int generated) {
    pending_ = streams;
    done_.clear();
    for (int s = 0; s < streams; ++s) {
      TRY(core_.Generate(Job(s, prompt_tokens, generated), [this](const GenerationEvent& event) {
        if (!event.finished) return true;
        const std::lock_guard lock(mutex_);
        if (event.error) error_ = event.error;
        done_.push_back(event.timings);
        --pending_;
        changed_.notify_all();
        return true;
      }));
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pending_ == 0; });
    if (error_) return *error_;
    return done_;
  }

 private:
  // Tokens of no meaning: time depends on their number alone.
  GenerationJob Job(int stream, int prompt_tokens, int generated) const {
    GenerationJob job;
    const int vocabulary = core_.tokenizer()->size();
    for (int i = 0; i < prompt_tokens; ++i)
      job.request.prompt.push_back((i * 31 + stream * 7 + 100) % vocabulary);
    job.request.max_tokens = generated;
    job.request.ignore_end = true;
    job.request.sampling.temperature = 0;
    return job;
  }

  Core& core_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int pending_ = 0;
  std::vector<Timings> done_;
  std::optional<Error> error_;
};

Result<Row> Measure(Streams& streams, const Options& options, const std::string& name,
                    const std::function<Result<double>(Streams&)>& once) {
  Row row{name, {}, 0};
  for (int i = 0; i <= options.repeats; ++i) {  // the first warms up
    const double value = TRY(once(streams));
    if (i > 0) row.tokens_per_s.push_back(value);
  }
  return row;
}

Result<std::vector<Row>> RunAll(Core& core, const Options& options, ProgressLine& line) {
  Streams streams(core);
  std::vector<Row> rows;
  const Forecast forecast = TRY(Forecast::Make(*core.planned()));
  for (const int n : options.prompts) {
    if (n == 0) continue;
    line.Show("pp" + std::to_string(n), 0.1);
    rows.push_back(
        TRY(Measure(streams, options, "pp" + std::to_string(n), [n](Streams& s) -> Result<double> {
          return n / TRY(s.Run(1, n, 1))[0].prompt_ms * 1e3;
        })));
    rows.back().predicted = n / forecast.PromptUs(n) * 1e6;
  }
  if (options.generated > 0) {
    const int n = options.generated;
    line.Show("tg" + std::to_string(n), 0.5);
    rows.push_back(
        TRY(Measure(streams, options, "tg" + std::to_string(n), [n](Streams& s) -> Result<double> {
          return n / TRY(s.Run(1, 1, n + 1))[0].predicted_ms * 1e3;
        })));
    rows.back().predicted = n / forecast.GenerateUs(n, 1, 1) * 1e6;
  }
  for (const int n : options.batches) {
    line.Show("b" + std::to_string(n), 0.8);
    rows.push_back(
        TRY(Measure(streams, options, "b" + std::to_string(n), [n](Streams& s) -> Result<double> {
          const int64_t start = RealClock().NowNs();
          TRY(s.Run(n, kStreamTokens, kStreamTokens));
          return n * 2 * kStreamTokens / SecondsBetween(start, RealClock().NowNs());
        })));
    const double us = forecast.PromptUs(kStreamTokens, n) +
                      forecast.GenerateUs(kStreamTokens - 1, n, kStreamTokens);
    rows.back().predicted = n * 2 * kStreamTokens / us * 1e6;
  }
  return rows;
}

void Print(const Core& core, const std::vector<Row>& rows, const std::string& format) {
  const ModelCard card = core.models().at(0);
  const std::vector<Stage> stages = core.planned().value().plan.stages();
  std::string devices;
  for (const Stage& s : stages) devices += (devices.empty() ? "" : "+") + s.device;
  nlohmann::json json{{"schema", "motley.bench/1"},
                      {"model", card.id},
                      {"devices", devices},
                      {"rows", nlohmann::json::array()}};
  Table table({"model", "size", "devices", "test", "t/s", "predicted", "error"});
  table.AlignRight({1, 4, 5, 6});
  for (const Row& row : rows) {
    const double median = Median(row.tokens_per_s);
    const auto [low, high] = std::ranges::minmax(row.tokens_per_s);
    json["rows"].push_back(
        {{"test", row.test},
         {"tokens_per_s", median},
         {"min", low},
         {"max", high},
         {"runs", row.tokens_per_s},
         {"predicted", row.predicted > 0 ? nlohmann::json(row.predicted) : nullptr}});
    const bool known = row.predicted > 0;
    table.Add(
        {card.family + " " + card.quantization, FormatBytes(static_cast<uint64_t>(card.file_bytes)),
         devices, row.test, fmt::format("{:.1f} +- {:.1f}", median, (high - low) / 2),
         known ? fmt::format("{:.1f}", row.predicted) : "-",
         known ? fmt::format("{:.1f}%", 100 * std::abs(row.predicted - median) / median) : "-"});
  }
  if (format == "json") std::puts(json.dump().c_str());
  if (format == "table") fmt::print("{}", table.Text());
  if (format == "md") fmt::print("{}", table.Markdown());
}

Status Run(const Options& options) {
  ProgressLine line;
  CoreOptions core_options = TRY(ToCoreOptions(options.serve));
  core_options.progress = [&](const std::string& what, double part) { line.Show(what, part); };
  core_options.planning.objective = {ObjectiveKind::kLatency,
                                     options.prompts.empty() ? 512 : options.prompts[0],
                                     std::max(options.generated, 1)};
  Core core(std::move(core_options), RealClock(), nullptr);
  TRY(core.WaitReady());
  const auto rows = TRY(RunAll(core, options, line));
  line.Clear();
  Print(core, rows, options.format);
  return {};
}

}  // namespace

void AddBenchCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "bench", "Tokens per second, in llama-bench's rows, beside the prediction");
  command->footer(
      "Example:\n  motley bench model.gguf -p 512,2048 -n 128 -r 5 -b 1,16 -t 2 -o md\n");
  command->add_option("model", options->serve.model, "model file (GGUF)")->required();
  command->add_option("-p", options->prompts, "prompt lengths (default 512: pp512)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("-n", options->generated, "generated tokens (default 128: tg128)")
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("-r", options->repeats, "repeats; the median counts (default 5)")
      ->check(CLI::Range(1, 1000));
  command->add_option("-b", options->batches, "streams at once, 64 tokens in, 64 out (b16)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 64));
  command->add_option("-o", options->format, "table (default), json or md")
      ->check(CLI::IsMember({"table", "json", "md"}));
  AddPlacementOptions(*command, &options->serve);
  command->callback([options, status] {
    const Status done = Run(*options);
    const bool json = options->format == "json";
    if (!done.ok()) *status = ReportError(done.error(), json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
