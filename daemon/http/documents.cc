#include "daemon/http/documents.h"

#include <fmt/format.h>

#include <charconv>

#include "daemon/validate/generation.h"
#include "daemon/validate/utf8.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

Json CardJson(const ModelCard& card) {
  return {{"id", card.id},
          {"object", "model"},
          {"created", card.created},
          {"owned_by", "motley"},
          {"max_model_len", card.context_tokens},
          {"meta",
           {{"family", card.family},
            {"quantization", card.quantization},
            {"parameters", card.parameters},
            {"size_bytes", card.file_bytes},
            {"vocabulary", card.vocabulary}}}};
}

}  // namespace

Json ModelsDocument(const Service& service) {
  Json data = Json::array();
  for (const ModelCard& card : service.models()) data.push_back(CardJson(card));
  return {{"object", "list"}, {"data", std::move(data)}};
}

Result<Json> ModelDocument(const Service& service, const std::string& id) {
  const auto cards = service.models();
  std::vector<std::string> ids;
  for (const ModelCard& card : cards) ids.push_back(card.id);
  return CardJson(cards[TRY(ChooseModel({{"model", LossyUtf8(id)}}, ids))]);
}

bool IsReady(const Service& service) {
  return service.state() == ServiceState::kReady || service.state() == ServiceState::kDegraded;
}

Json ReadyDocument(Service& service) {
  const ServiceState state = service.state();
  Json reasons = Json::array();
  if (state == ServiceState::kStarting) reasons.push_back("the service is starting");
  if (state == ServiceState::kLoading) {
    reasons.push_back(
        fmt::format("the model is loading, {:.0f} % done", 100 * service.load_progress()));
  }
  if (state == ServiceState::kDraining) reasons.push_back("the service is stopping");
  if (state == ServiceState::kDegraded) {
    const nlohmann::json status = service.Status();
    if (status.is_object() && status.contains("reasons") && status["reasons"].is_array()) {
      for (const auto& reason : status["reasons"]) reasons.push_back(Json(reason));
    }
    if (reasons.empty()) reasons.push_back("not every device is in use");
  }
  return {{"state", StateName(state)},
          {"progress", service.load_progress()},
          {"reasons", std::move(reasons)}};
}

Json VersionDocument() { return {{"name", "motley"}, {"version", MOTLEY_VERSION}}; }

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* digits = text.data() + i + 1;
      if (const auto parsed = std::from_chars(digits, digits + 2, byte, 16);
          parsed.ec == std::errc() && parsed.ptr == digits + 2) {
        out += static_cast<char>(byte);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

}  // namespace motley
