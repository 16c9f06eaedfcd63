#include "daemon/validate/prompt_length.h"

#include <fmt/format.h>

namespace motley {
namespace {

Error TooLong(std::string_view at_least, size_t tokens, const ModelCard& model) {
  return Error::Invalid(kContextField,
                        fmt::format("the prompt has {}{} tokens, the context of {} holds {} with "
                                    "room for an answer",
                                    at_least, tokens, model.id, model.context_tokens));
}

}  // namespace

Status CheckPromptTokens(size_t tokens, std::optional<int> max_tokens, const ModelCard& model) {
  if (tokens == 0) return Error::Invalid("prompt", "the prompt has no tokens");
  const size_t needed = tokens + (max_tokens == 0 ? 0 : 1);
  if (needed <= static_cast<size_t>(model.context_tokens)) return {};
  return TooLong("", tokens, model);
}

Status CheckPromptBytes(size_t bytes, const ModelCard& model) {
  if (model.longest_token_bytes == 0) return {};
  const size_t longest = static_cast<size_t>(model.longest_token_bytes);
  const size_t least = (bytes + longest - 1) / longest;
  if (least <= static_cast<size_t>(model.context_tokens)) return {};
  return TooLong("at least ", least, model);
}

}  // namespace motley
