#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.h"
#include "client/cli/commands.h"
#include "client/cli/input/prompt_input.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/private_daemon.h"
#include "client/cli/run_report.h"
#include "daemon/app/options.h"

namespace motley {
namespace {

constexpr int kInterrupted = 130;
constexpr int kTokens = 256;
constexpr std::chrono::milliseconds kPoll{50};
constexpr std::chrono::hours kLongest{24};

struct Options {
  ServeOptions serve;
  std::string prompt;
  std::optional<int> tokens;
  double temperature = 0.7;
  std::optional<int64_t> seed;
  bool raw = false, json = false;
  Format format() const { return json ? Format::kJson : Format::kText; }
};

// One private daemon, and what is said to it.
class Session {
 public:
  explicit Session(const Options& options) : options_(options) {}

  Status Open() {
    daemon_ = TRY(PrivateDaemon::Start(ToArguments(options_.serve)));
    ProgressLine line;
    client_ = TRY(daemon_->WaitReady([&](const std::string& what, double part) {
      line.Show(what, part);
      return !Interrupted();
    }));
    plan_ = nlohmann::json::parse(TRY(client_->Plan()), nullptr, false);
    return {};
  }

  Status Answer(const std::string& text) {
    messages_.push_back({{"role", "user"}, {"content", text}});
    const RunResult result = TRY(Generate(Request(text)));
    messages_.push_back({{"role", "assistant"}, {"content", result.text}});
    Print(result);
    return {};
  }

  std::optional<int> exit_status() const { return daemon_ ? daemon_->exit_status() : std::nullopt; }

 private:
  client::GenerateRequest Request(const std::string& text) const {
    client::GenerateRequest request;
    if (options_.raw) {
      request.prompt = text;
    } else {
      request.messages_json = messages_.dump();
    }
    const int context = options_.serve.context_tokens;
    request.max_tokens =
        options_.tokens.value_or(context > 0 ? std::min(context, kTokens) : kTokens);
    request.temperature = options_.temperature;
    request.seed = options_.seed;
    request.logprobs = options_.json ? std::optional(0) : std::nullopt;
    return request;
  }

  Result<RunResult> Generate(const client::GenerateRequest& request) {
    RunResult result;
    const int64_t start_ns = RealClock().NowNs();
    client::Generation generation = TRY(client_->Generate(request, kLongest));
    while (!Interrupted()) {
      auto piece = generation.Next(kPoll);
      if (!piece.ok()) {
        // The daemon's own last words say more than the end of its connection.
        if (auto why = daemon_->Ended()) return *why;
        return piece.error();
      }
      if (!*piece) {
        result.ending = *generation.ending();
        return result;
      }
      if (result.ttft_s == 0 && !((*piece)->tokens.empty() && (*piece)->text.empty())) {
        result.ttft_s = SecondsBetween(start_ns, RealClock().NowNs());
      }
      TRY(Show((*piece)->text));
      result.text += (*piece)->text;
      for (const client::Token& token : (*piece)->tokens) result.tokens.push_back(token.id);
    }
    return Error{Code::kCancelled, "interrupted"};
  }

  Status Show(const std::string& text) const {
    if (options_.json || text.empty()) return {};
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written || std::fflush(stdout) != 0) return ErrnoError("cannot write the answer", errno);
    return {};
  }

  void Print(const RunResult& result) const {
    if (options_.json) {
      const auto replace = nlohmann::json::error_handler_t::replace;
      std::puts(RunJson(result, plan_).dump(-1, ' ', false, replace).c_str());
      return;
    }
    std::puts("");
    std::fflush(stdout);
    const bool dim = UseColor(STDERR_FILENO);
    fmt::print(stderr, "{}{}{}\n", dim ? "\033[2m" : "", RunFooter(result, plan_),
               dim ? "\033[0m" : "");
  }

  const Options& options_;
  std::unique_ptr<PrivateDaemon> daemon_;
  std::optional<client::Client> client_;  // goes before the daemon
  nlohmann::json plan_;
  nlohmann::ordered_json messages_ = nlohmann::ordered_json::array();
};

Status Converse(Session& session, const PromptInput& input) {
  TRY(session.Open());
  if (input.source == PromptSource::kGiven) return session.Answer(input.text);
  std::string line;
  while (AskLine(line)) {
    if (!line.empty()) TRY(session.Answer(line));
  }
  return {};
}

int Run(const Options& options) {
  signal(SIGPIPE, SIG_IGN);  // a closed stdout ends the daemon too
  WatchInterrupts();
  const auto input = ReadPrompt(options.prompt);
  if (!input.ok())
    return Interrupted() ? kInterrupted : ReportError(input.error(), options.format());
  Session session(options);
  const Status done = Converse(session, *input);
  if (Interrupted()) return kInterrupted;
  if (done.ok()) return 0;
  const int status = ReportError(done.error(), options.format());
  return session.exit_status().value_or(status);
}

}  // namespace

void AddRunCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Ask a model one question, or talk with it");
  command->footer(
      "Examples:\n  motley run model.gguf \"Why is the sky blue?\"\n"
      "  motley run model.gguf --temp 0 -n 64 --json \"Count to ten.\"\n"
      "  git diff | motley run model.gguf \"Write a commit message for:\"\n"
      "  motley run model.gguf --devices cpu0,ocl0 --split 0-14,15-29 hello\n");
  command->add_option("model", options->serve.model, "model file (GGUF)")->required();
  command->add_option("prompt", options->prompt,
                      "the question; piped input is put behind it; neither: a chat");
  command->add_option("-n", options->tokens, "most tokens of an answer (default 256)")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--temp", options->temperature, "temperature (default 0.7; 0: greedy)")
      ->check(CLI::Range(0.0, 2.0));
  command->add_option("--seed", options->seed, "the same seed gives the same answer");
  command->add_flag("--raw", options->raw, "complete the prompt as it is, without chat template");
  command->add_flag("--json", options->json, "print one object with text, tokens and timings");
  AddPlacementOptions(*command, &options->serve);
  command->callback([options, status] { *status = Run(*options); });
}

}  // namespace motley
