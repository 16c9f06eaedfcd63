#pragma once
// Names taken out of a report that is sent to strangers. Pure; any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace motley {

// In every text of `document`, each `first` that stands alone (no letter, digit or _ beside it)
// becomes its `second`; "" names nothing. Longer ones should come first.
void Redact(nlohmann::json* document,
            const std::vector<std::pair<std::string, std::string>>& names);

}  // namespace motley
