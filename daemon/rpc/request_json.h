#pragma once
// A protobuf request in the words of the HTTP door, so that one validator stands behind both. Pure;
// any thread.

#include <string>

#include "base/result.h"
#include "client/proto/motley.pb.h"
#include "daemon/validate/generation.h"

namespace motley {

struct JsonRequest {
  Dialect dialect = Dialect::kCompletion;
  std::string body;  // for PrepareGeneration
};

// Errors: InvalidArgument for a missing prompt, messages that are no JSON or hold other keys than
// messages, tools, tool_choice and chat_template_kwargs, and numbers that JSON does not have (NaN).
Result<JsonRequest> ToJsonRequest(const v1::Generate& request);

}  // namespace motley
