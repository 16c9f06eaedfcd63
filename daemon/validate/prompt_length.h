#pragma once
// Whether a prompt leaves room for an answer in the model's context. Pure; any thread. Errors:
// InvalidArgument (kContextField) with both numbers.

#include <cstddef>
#include <optional>

#include "base/result.h"
#include "daemon/service.h"

namespace motley {

// The field of these errors; the doors call it by the name their prompt has.
inline constexpr char kContextField[] = "context_length";

// `max_tokens`: of the answer; 0 needs no room.
Status CheckPromptTokens(size_t tokens, std::optional<int> max_tokens, const ModelCard& model);

// Before a text is encoded, which takes seconds for megabytes: refuses `bytes` that no tokens of
// this vocabulary could fit into the context.
Status CheckPromptBytes(size_t bytes, const ModelCard& model);

}  // namespace motley
