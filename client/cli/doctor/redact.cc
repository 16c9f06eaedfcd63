#include "client/cli/doctor/redact.h"

#include <cctype>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

bool IsPart(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

void Replace(std::string* text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text->find(from, at)) != text->npos;) {
    const size_t end = at + from.size();
    const bool alone =
        (at == 0 || !IsPart((*text)[at - 1])) && (end == text->size() || !IsPart((*text)[end]));
    if (!alone) {
      ++at;
      continue;
    }
    text->replace(at, from.size(), to);
    at += to.size();
  }
}

}  // namespace

void Redact(nlohmann::json* document,
            const std::vector<std::pair<std::string, std::string>>& names) {
  if (document->is_string()) {
    std::string text = document->get<std::string>();
    for (const auto& [from, to] : names)
      if (!from.empty()) Replace(&text, from, to);
    *document = std::move(text);
  }
  if (!document->is_structured()) return;
  for (nlohmann::json& part : *document) Redact(&part, names);
}

}  // namespace motley
