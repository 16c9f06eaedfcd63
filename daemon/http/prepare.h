#pragma once
// From a request's JSON to what the core runs: model chosen, fields validated, prompts tokenised
// and measured against the context. Calls the template's helper process and the tokeniser: not on
// the server's thread.

#include <string>
#include <vector>

#include "daemon/http/answer/answer.h"
#include "daemon/service.h"
#include "daemon/validate/generation.h"

namespace motley {

struct PreparedGeneration {
  GenerationRequest request;
  ModelCard model;
  std::vector<Choice> choices;  // prompts x n, in order of index
};

// `body` is the request's text. Errors: those of ParseBodyObject, ValidateGeneration and
// Service::EncodeChat; Unavailable (kLoadingField) before the model is there; InvalidArgument
// (kContextField) with both numbers when a prompt leaves no room in the context.
Result<PreparedGeneration> PrepareGeneration(Service& service, const std::string& body,
                                             Dialect dialect);

// The core's job for one choice. `id` is the request's.
GenerationJob JobFor(const PreparedGeneration& prepared, const Choice& choice,
                     const Tokenizer& tokenizer, const std::string& id);

// What keeps the service from generating now: loading, stopping; ok when nothing does.
Status CheckServing(const Service& service);

}  // namespace motley
