#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/service/http_get.h"
#include "client/cli/show/service_text.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kTimeoutMs = 5'000;

int Show(const std::string& host, Format format) {
  const auto body = HttpGet(host, "/v1/status", kTimeoutMs);
  if (!body.ok()) return ReportNoService(body.error(), format);
  const json status = json::parse(*body, nullptr, false);
  if (!status.is_object()) {
    return ReportError(Error::Internal(host + " does not answer with motley.status/1"), format);
  }
  try {
    if (format == Format::kJson) {
      std::puts(status.dump().c_str());
    } else {
      fmt::print("{}", ServiceText(status));
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
