#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "engine/tokenizer/tokenizer.h"

namespace motley {
namespace {

struct Options {
  std::string model;
  bool no_special = false, json = false;
};

std::string ReadInput() { return {std::istreambuf_iterator<char>(std::cin), {}}; }

Status Tokenize(const Options& options) {
  const auto tokenizer = TRY(Tokenizer::Load(TRY(LoadManifest(options.model))));
  const auto tokens = options.no_special
                          ? tokenizer->Encode(ReadInput(), Specials::kText, Bos::kNone)
                          : tokenizer->Encode(ReadInput(), Specials::kParse, Bos::kAsModel);
  if (options.json) {
    std::puts(nlohmann::json{{"tokens", tokens}}.dump().c_str());
  } else {
    fmt::print("{}\n", fmt::join(tokens, " "));
  }
  return {};
}

// Numbers separated by anything that is none, so that both outputs of tokenize are taken.
Result<std::vector<int32_t>> ParseIds(const std::string& text, int vocabulary) {
  std::vector<int32_t> ids;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    int32_t id = 0;
    const auto [next, error] = std::from_chars(at, end, id);
    if (error == std::errc::invalid_argument) {
      ++at;
      continue;
    }
    if (error != std::errc() || id < 0 || id >= vocabulary) {
      return Error::Invalid("ids", fmt::format("token {} is not in the vocabulary: 0 to {}",
                                               std::string(at, next), vocabulary - 1));
    }
    ids.push_back(id);
    at = next;
  }
  return ids;
}

Status Detokenize(const Options& options) {
  const auto tokenizer = TRY(Tokenizer::Load(TRY(LoadManifest(options.model))));
  const auto ids = TRY(ParseIds(ReadInput(), tokenizer->size()));
  const std::string text =
      tokenizer->Decode(ids, options.no_special ? Specials::kText : Specials::kParse);
  if (options.json) {
    std::puts(nlohmann::json{{"text", text}}
                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                  .c_str());
  } else {
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  return {};
}

CLI::App* AddCommand(CLI::App& app, const char* name, const char* what, const char* example,
                     Status (*run)(const Options&), int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(name, what);
  command->footer(std::string("Example:\n  ") + example + "\n");
  command->add_option("model", options->model, "model file (GGUF); the vocabulary alone is enough")
      ->required();
  command->add_flag("--json", options->json, "print JSON");
  command->add_flag("--no-special", options->no_special,
                    "special tokens are plain text, none are added");
  command->callback([options, run, status] {
    const Status done = run(*options);
    if (!done.ok())
      *status = ReportError(done.error(), options->json ? Format::kJson : Format::kText);
  });
  return command;
}

}  // namespace

void AddTokenizeCommands(CLI::App& app, int* status) {
  AddCommand(app, "tokenize", "Text on stdin to token ids",
             "echo -n \"Hello world\" | motley tokenize model.gguf --json", Tokenize, status);
  AddCommand(app, "detokenize", "Token ids on stdin to text",
             "echo \"19556 905\" | motley detokenize model.gguf", Detokenize, status);
}

}  // namespace motley
