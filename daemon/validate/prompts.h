#pragma once
// The `prompt` of /v1/completions, and the requests of the small text endpoints. Pure; any thread.

#include <vector>

#include "base/result.h"
#include "daemon/validate/generation.h"

namespace motley {

// A text, a list of texts, token ids, or a list of those. An empty list is refused, as are ids
// outside the vocabulary.
Result<std::vector<Prompt>> ReadPrompts(const nlohmann::json& value, int vocabulary);

// An array of token ids, named `field` in errors. May be empty.
Result<std::vector<int32_t>> ReadTokenIds(const nlohmann::json& value, const std::string& field,
                                          int vocabulary);

// {"content", "add_special" = false, "parse_special" = true, "with_pieces" = false}
struct TokenizeRequest {
  std::string content;
  bool add_special = false, parse_special = true, with_pieces = false;
};
Result<TokenizeRequest> ValidateTokenize(const nlohmann::json& body);

// {"tokens"}
Result<std::vector<int32_t>> ValidateDetokenize(const nlohmann::json& body, int vocabulary);

}  // namespace motley
