#pragma once
// A motley.status/1 document for people: what is served where, and how fast. Any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace motley {

// One line for each model, one for a service that is not ready. Throws json::exception where the
// document is not what its schema says.
std::string ServiceText(const nlohmann::json& status);

}  // namespace motley
