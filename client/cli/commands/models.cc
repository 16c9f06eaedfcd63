#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "engine/gguf/report.h"

namespace motley {
namespace {

struct Options {
  std::string path;
  bool json = false;
  Format format() const { return json ? Format::kJson : Format::kText; }
};

void PrintManifest(const Manifest& manifest) {
  const auto text = [&](const char* key) {
    const auto value = manifest.String(key);
    return value.ok() ? *value : std::string("-");
  };
  const std::string architecture = text("general.architecture");
  fmt::print("{}: GGUF v{}, {}\n", manifest.path, manifest.version,
             FormatBytes(manifest.file_bytes));
  fmt::print("architecture {}, name {}\n", architecture, text("general.name"));
  fmt::print("layers {}, hidden {}, context {}\n",
             manifest.IntegerOr(architecture + ".block_count", 0),
             manifest.IntegerOr(architecture + ".embedding_length", 0),
             manifest.IntegerOr(architecture + ".context_length", 0));
  fmt::print("{} tensors, {} metadata keys: valid\n", manifest.tensors.size(),
             manifest.metadata.size());
}

int Check(const Options& options) {
  const auto manifest = LoadManifest(options.path);
  if (!manifest.ok()) {
    const int status = ReportError(manifest.error(), options.format());
    return status == 3 ? 3 : 1;
  }
  if (options.json) {
    std::puts(ToJson(*manifest).dump().c_str());
  } else {
    PrintManifest(*manifest);
  }
  return 0;
}

int List(const Options& options) {
  std::error_code error;
  Table table({"FILE", "SIZE", "ARCHITECTURE", "STATE"});
  table.AlignRight({1});
  nlohmann::json out{{"schema", "motley.models/1"}, {"models", nlohmann::json::array()}};
  for (const auto& entry : std::filesystem::directory_iterator(options.path, error)) {
    if (entry.path().extension() != ".gguf") continue;
    const auto manifest = LoadManifest(entry.path());
    const auto architecture =
        manifest.ok() ? manifest->String("general.architecture") : Error::NotFound("-");
    const std::string state = manifest.ok() ? "valid" : manifest.error().message;
    const uint64_t bytes = entry.file_size(error);
    table.Add({entry.path().filename(), FormatBytes(bytes), architecture.ok() ? *architecture : "-",
               state});
    out["models"].push_back(
        {{"path", entry.path()},
         {"file_bytes", bytes},
         {"architecture", architecture.ok() ? nlohmann::json(*architecture) : nullptr},
         {"valid", manifest.ok()},
         {"reason", manifest.ok() ? nullptr : nlohmann::json(state)}});
  }
  if (error)
    return ReportError(ErrnoError("cannot list " + options.path, error.value()), options.format());
  if (options.json) {
    std::puts(out.dump().c_str());
  } else {
    fmt::print("{}", table.Text());
  }
  return 0;
}

}  // namespace

void AddModelsCommand(CLI::App& app, int* status) {
  CLI::App* models = app.add_subcommand("models", "Model files: check one, list a folder");
  models->footer(
      "Examples:\n  motley models check model.gguf\n  motley models list ~/models --json\n");
  models->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* check =
      models->add_subcommand("check", "Validate a file and print its manifest (exit 1: not valid)");
  check->add_option("file", options->path, "model file (GGUF)")->required();
  check->add_flag("--json", options->json, "print motley.manifest/1, or the error");
  check->callback([options, status] { *status = Check(*options); });
  CLI::App* list = models->add_subcommand("list", "The model files of a folder");
  list->add_option("folder", options->path, "where they are (default: here)")->default_str(".");
  list->add_flag("--json", options->json, "print JSON");
  list->callback([options, status] {
    if (options->path.empty()) options->path = ".";
    *status = List(*options);
  });
}

}  // namespace motley
