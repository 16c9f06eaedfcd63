#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "client/cli/commands.h"
#include "client/cli/http_get.h"
#include "client/cli/output.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kUnreachable = 4;
constexpr int kTimeoutMs = 5'000;

// "cpu0 0-14|ocl0 15-29": layers; the embedding and the head, first and last item, are none.
std::string Placement(const json& stages, int layers) {
  std::string out;
  for (const json& stage : stages) {
    const int first = std::max(stage.value("first_item", 0), 1) - 1;
    const int last = std::min(stage.value("last_item", 0) - 1, layers - 1);
    out += (out.empty() ? "" : "|") + stage.value("device", "?");
    if (first <= last) out += fmt::format(" {}-{}", first, last);
  }
  return out;
}

int Restarts(const json& stages) {
  int restarts = 0;
  for (const json& stage : stages) restarts += stage.value("restarts", 0);
  return restarts;
}

std::string Text(const json& status) {
  Table table({"NAME", "SIZE", "PLACEMENT", "CONTEXT", "REQS", "TOK/S", "RESTARTS"});
  table.AlignRight({1, 3, 4, 5, 6});
  const json models = status.value("models", json::array());
  for (const json& model : models) {
    const json stages = model.value("stages", json::array());
    const int waiting = model.value("waiting", 0);
    table.Add({model.value("id", "?"), FormatBytes(model.value("file_bytes", uint64_t{0})),
               Placement(stages, model.value("layers", 0)),
               std::to_string(model.value("context_tokens", 0)),
               std::to_string(model.value("running", 0)) +
                   (waiting > 0 ? "+" + std::to_string(waiting) : ""),
               fmt::format("{:.1f}", model.value("tokens_per_s", 0.0)),
               std::to_string(Restarts(stages))});
  }
  std::string out = models.empty() ? "" : table.Text();
  const std::string state = status.value("state", "?");
  if (models.empty() || state != "ready") {
    const json progress = status.value("progress", json::object());
    out += fmt::format("the service is {}: {} {:.0f} %\n", state, progress.value("doing", ""),
                       100 * progress.value("part", 0.0));
  }
  return out;
}

int Show(const std::string& host, Format format) {
  const auto body = HttpGet(host, "/v1/status", kTimeoutMs);
  if (!body.ok()) {
    const bool usage = body.error().code == Code::kInvalidArgument;
    Error error = body.error();
    if (!usage)
      error.remedy = "start one: motley serve MODEL.gguf; or name it: --host, $MOTLEY_HOST";
    const int status = ReportError(error, format);
    return usage ? status : kUnreachable;
  }
  const json status = json::parse(*body, nullptr, false);
  if (!status.is_object()) {
    return ReportError(Error::Internal(host + " does not answer with motley.status/1"), format);
  }
  try {
    if (format == Format::kJson) {
      std::puts(status.dump().c_str());
    } else {
      fmt::print("{}", Text(status));
    }
  } catch (const json::exception&) {
    return ReportError(Error::Internal(host + " does not answer with motley.status/1"), format);
  }
  return 0;
}

}  // namespace

void AddPsCommand(CLI::App& app, int* status) {
  struct Options {
    std::string host = kDefaultHost;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("ps", "What a running service serves, where and how fast");
  command->footer(
      "Examples:\n  motley ps\n  motley ps --host unix:/run/motley/motley.sock --json\n");
  command->add_option("--host", options->host, "HOST:PORT or unix:PATH (default 127.0.0.1:6685)")
      ->envname("MOTLEY_HOST");
  command->add_flag("--json", options->json, "print motley.status/1");
  command->callback([options, status] {
    *status = Show(options->host, options->json ? Format::kJson : Format::kText);
  });
}

}  // namespace motley
