#include "client/cli/show/service_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "client/cli/output.h"

namespace motley {
namespace {

using nlohmann::json;

// "cpu0 0-14|ocl0 15-29": layers; the embedding and the head, first and last item, are none.
std::string Placement(const json& stages, int layers) {
  std::string out;
  for (const json& stage : stages) {
    const int first = std::max(stage.value("first_item", 0), 1) - 1;
    const int last = std::min(stage.value("last_item", 0) - 1, layers - 1);
    out += (out.empty() ? "" : "|") + stage.value("device", "?");
    if (first <= last) out += fmt::format(" {}-{}", first, last);
  }
  return out;
}

int Restarts(const json& stages) {
  int restarts = 0;
  for (const json& stage : stages) restarts += stage.value("restarts", 0);
  return restarts;
}

}  // namespace

std::string ServiceText(const json& status) {
  Table table({"NAME", "SIZE", "PLACEMENT", "CONTEXT", "REQS", "TOK/S", "RESTARTS"});
  table.AlignRight({1, 3, 4, 5, 6});
  const json models = status.value("models", json::array());
  for (const json& model : models) {
    const json stages = model.value("stages", json::array());
    const int waiting = model.value("waiting", 0);
    table.Add({model.value("id", "?"), FormatBytes(model.value("file_bytes", uint64_t{0})),
               Placement(stages, model.value("layers", 0)),
               std::to_string(model.value("context_tokens", 0)),
               std::to_string(model.value("running", 0)) +
                   (waiting > 0 ? "+" + std::to_string(waiting) : ""),
               fmt::format("{:.1f}", model.value("tokens_per_s", 0.0)),
               std::to_string(Restarts(stages))});
  }
  std::string out = models.empty() ? "" : table.Text();
  const std::string state = status.value("state", "?");
  if (models.empty() || state != "ready") {
    const json progress = status.value("progress", json::object());
    out += fmt::format("the service is {}: {} {:.0f} %\n", state, progress.value("doing", ""),
                       100 * progress.value("part", 0.0));
  }
  return out;
}

}  // namespace motley
