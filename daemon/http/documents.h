#pragma once
// The JSON of the read-only endpoints. Any thread.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/service.h"

namespace motley {

// OpenAI's list, each model with what it is made of and its context (max_model_len, as vLLM calls
// it).
nlohmann::ordered_json ModelsDocument(const Service& service);
// One of them; NotFound with the nearest name.
Result<nlohmann::ordered_json> ModelDocument(const Service& service, const std::string& id);

// Ready or degraded: it answers.
bool IsReady(const Service& service);
// {state, progress, reasons}
nlohmann::ordered_json ReadyDocument(Service& service);
nlohmann::ordered_json VersionDocument();

// "a%2Fb" -> "a/b"; a % without two hexadecimal digits stays as it is.
std::string PercentDecode(std::string_view text);

}  // namespace motley
