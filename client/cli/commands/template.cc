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

// What is on stdin, as it is, over what the hubs' libraries set: here a template is seen for what
// it does, where the service first brings a request into the form that the template can take.
Result<nlohmann::ordered_json> Variables(const nlohmann::ordered_json& request,
                                         const ChatTokens& tokens, const Options& options) {
  if (!request.is_object()) return Error::Invalid("stdin", "stdin must be a JSON object");
  if (!request.contains("messages") || !request["messages"].is_array()) {
    return Error::Invalid("messages", "messages must be an array");
  }
  nlohmann::ordered_json out = {{"tools", nullptr},
                                {"documents", nullptr},
                                {"add_generation_prompt", true},
                                {"bos_token", tokens.bos},
                                {"eos_token", tokens.eos}};
  const auto more = request.find("chat_template_kwargs");
  if (more != request.end() && more->is_object()) out.update(*more);
  out.update(request);
  if (options.no_generation_prompt) out["add_generation_prompt"] = false;
  return out;
}

Result<std::string> Render(const Options& options) {
  const Loaded loaded = TRY(Load(options.source));
  const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  const auto variables = TRY(Variables(TRY(ParseOrderedJson(input)), loaded.tokens, options));
  return TRY(TemplateRenderer::Start(loaded.source))->Render(variables);
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
