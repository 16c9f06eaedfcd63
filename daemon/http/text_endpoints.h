#pragma once
// llama-server's text endpoints: tokens and templates without a generation. Not on the server's
// thread. Errors: InvalidArgument by field; Unavailable (kLoadingField) before the vocabulary is
// there.

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/service.h"

namespace motley {

// {"content", "add_special", "parse_special", "with_pieces"} -> {"tokens": [1, 2]} or [{"id",
// "piece"}]; a piece that is not UTF-8 is an array of bytes.
Result<nlohmann::ordered_json> Tokenize(Service& service, const std::string& body);
// {"tokens"} -> {"content"}
Result<nlohmann::ordered_json> Detokenize(Service& service, const std::string& body);
// A chat request -> {"prompt"}
Result<nlohmann::ordered_json> ApplyTemplate(Service& service, const std::string& body);

}  // namespace motley
