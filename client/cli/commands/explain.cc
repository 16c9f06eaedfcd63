#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "backends/discover/cases.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"

namespace motley {
namespace {

// "MOT-114", "mot114" and "114" are the same.
const Case* FindByName(std::string name) {
  if (name.size() > 3 && CLI::detail::to_lower(name.substr(0, 3)) == "mot") name.erase(0, 3);
  if (name.starts_with('-')) name.erase(0, 1);
  int code = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code);
  return error == std::errc() && end == name.data() + name.size() ? FindCase(code) : nullptr;
}

nlohmann::json ToJson(const Case& one) {
  return {{"code", CaseName(one.code)},
          {"state", one.state},
          {"title", one.title},
          {"cause", one.cause},
          {"fix", one.fix}};
}

void PrintAll(bool json) {
  nlohmann::json all = nlohmann::json::array();
  Table table({"CODE", "STATE", "CASE"});
  for (const Case& one : Cases()) {
    all.push_back(ToJson(one));
    table.Add({CaseName(one.code), std::string(one.state), std::string(one.title)});
  }
  if (json) {
    std::puts(nlohmann::json{{"schema", "motley.cases/1"}, {"cases", all}}.dump().c_str());
  } else {
    fmt::print("{}", table.Text());
  }
}

int Explain(const std::string& name, bool json) {
  if (name.empty()) {
    PrintAll(json);
    return 0;
  }
  const Case* one = FindByName(name);
  if (!one) {
    return ReportError(Error::NotFound("no case " + name).Fix("motley explain lists them all"),
                       json ? Format::kJson : Format::kText);
  }
  if (json) {
    std::puts(ToJson(*one).dump().c_str());
  } else {
    fmt::print("{}", ExplainCase(*one));
  }
  return 0;
}

}  // namespace

void AddExplainCommand(CLI::App& app, int* status) {
  auto name = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("explain", "What a code such as MOT-114 means, and what helps");
  command->footer("Examples:\n  motley explain MOT-114\n  motley explain\n");
  command->add_option("code", *name, "MOT-nnn; none lists all");
  command->add_flag("--json", *json, "print the case as JSON");
  command->callback([=] { *status = Explain(*name, *json); });
}

}  // namespace motley
