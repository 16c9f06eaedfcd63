#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "engine/template/chat.h"
#include "engine/template/ordered_json.h"
#include "engine/tokenizer/tokenizer.h"

namespace motley {
namespace {

constexpr uint64_t kTemplateLimit = 4 << 20;

struct Options {
  std::string source;
  bool no_generation_prompt = false, json = false;
};

struct Loaded {
  std::string source;
  ChatTokens tokens;
};

// A .jinja file as it is, or the template and the tokens of a model.
Result<Loaded> Load(const std::string& path) {
  if (path.ends_with(".jinja")) return Loaded{TRY(ReadFile(path, kTemplateLimit)), {}};
  const Manifest manifest = TRY(LoadManifest(path));
  const auto tokenizer = TRY(Tokenizer::Load(manifest));
  const auto text = [&](int32_t token) {
    return token >= 0 ? tokenizer->Piece(token, Specials::kParse) : std::string();
  };
  const auto source = manifest.String("tokenizer.chat_template");
  return Loaded{source.ok() ? *source : kBuiltInTemplate,
                {text(tokenizer->bos()), text(tokenizer->eos())}};
}

Result<std::string> Render(const Options& options) {
  const Loaded loaded = TRY(Load(options.source));
  const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  nlohmann::ordered_json request = TRY(ParseOrderedJson(input));
  if (options.no_generation_prompt) request["add_generation_prompt"] = false;
  const auto renderer = TRY(TemplateRenderer::Start(loaded.source));
  nlohmann::ordered_json variables =
      TRY(ChatVariables(request, InspectTemplate(*renderer, loaded.source), loaded.tokens));
  for (const auto& [key, value] : request.items()) {
    if (!variables.contains(key)) variables[key] = value;
  }
  return renderer->Render(variables);
}

}  // namespace

void AddTemplateCommand(CLI::App& app, int* status) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("template", "Render a chat template for the request on stdin");
  command->footer(
      "Example:\n  echo '{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}' | motley "
      "template model.gguf\n");
  command->add_option("source", options->source, "model file (GGUF) or FILE.jinja")->required();
  command->add_flag("--no-generation-prompt", options->no_generation_prompt,
                    "do not open the assistant's turn");
  command->add_flag("--json", options->json, "print {\"text\":...}");
  command->callback([options, status] {
    const auto text = Render(*options);
    if (!text.ok()) {
      *status = ReportError(text.error(), options->json ? Format::kJson : Format::kText);
      if (*status == 2) *status = 1;  // the input was at fault, not the command line
      return;
    }
    if (options->json) {
      std::puts(nlohmann::json{{"text", *text}}.dump().c_str());
    } else {
      std::fwrite(text->data(), 1, text->size(), stdout);
    }
  });
}

}  // namespace motley
