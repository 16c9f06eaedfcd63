#pragma once
// Chat templates, rendered by jinja2 itself in one resident sandboxed helper process (python3 -I).
// The model's template is data of the helper; requests never bring one. Thread-safe: renders are
// serialised; a helper that dies, hangs (200 ms wall or CPU; see helper_process.h), needs over 256
// MiB or talks too much (16 MiB) is replaced and the render fails. Errors: InvalidArgument (the
// template raised: its message; it failed or does not compile: the line), Unavailable (limit hit:
// which; python3 or jinja2 missing: which package).

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace motley {

// ChatML, for models without a template.
extern const char* const kBuiltInTemplate;

class TemplateRenderer {
 public:
  virtual ~TemplateRenderer() = default;
  // Starts the helper (about 100 ms, in the background) for one template. A template that does not
  // compile is reported by Render.
  static Result<std::unique_ptr<TemplateRenderer>> Start(const std::string& source);
  // `variables` is an object: messages, tools, add_generation_prompt, bos_token, eos_token, ... as
  // transformers passes them (see chat.h). Its keys keep their order, as templates print tools; a
  // plain nlohmann::json converts, sorted.
  virtual Result<std::string> Render(const nlohmann::ordered_json& variables) = 0;
};

}  // namespace motley
