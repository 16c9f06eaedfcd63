#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "hwprofiles/cards/catalog.h"
#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kKinds = {"cpu", "fpga", "gpu"};
constexpr std::array<int, 5> kLanes = {1, 2, 4, 8, 16};
constexpr int kFirstYear = 2006, kLastYear = 2100, kNewestLink = 7, kMostChips = 16;

template <class Set, class Value>
bool In(const Set& set, const Value& value) {
  return std::find(set.begin(), set.end(), value) != set.end();
}

Error Unlike(const std::string& path, const std::string& value, const std::string& wanted) {
  return Error::Invalid(path, path + " is " + value + ", must be " + wanted);
}

Result<int> Between(const JsonFields& fields, const char* key, int least, int most) {
  const int value = TRY(fields.Integer(key));
  if (value >= least && value <= most) return value;
  return Unlike(fields.Path(key), std::to_string(value),
                "from " + std::to_string(least) + " to " + std::to_string(most));
}

Result<std::optional<double>> Known(const JsonFields& fields, const char* key) {
  if (!fields.Has(key)) return std::optional<double>();
  const double value = TRY(fields.Positive(key));
  return std::optional<double>(value);
}

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// vvvv:dddd or vvvv:dddd:rr
bool IsPciId(std::string_view text) {
  if (text.size() != 9 && text.size() != 12) return false;
  if (text[4] != ':' || (text.size() == 12 && text[9] != ':')) return false;
  const std::string_view revision = text.size() == 12 ? text.substr(10) : std::string_view();
  return IsLowerHex(text.substr(0, 4)) && IsLowerHex(text.substr(5, 4)) && IsLowerHex(revision);
}

Result<std::vector<std::string>> ReadPciIds(const JsonFields& fields) {
  std::vector<std::string> ids;
  const json* list = fields.Find("pci_ids");
  if (!list) return ids;
  if (!list->is_array()) return Error::Invalid("pci_ids", "pci_ids must be an array of strings");
  for (size_t i = 0; i < list->size(); ++i) {
    const json& value = (*list)[i];
    const std::string path = "pci_ids[" + std::to_string(i) + "]";
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    if (!IsPciId(text)) {
      return Unlike(path, value.is_string() ? "\"" + text + "\"" : value.type_name(),
                    "\"vvvv:dddd\" or \"vvvv:dddd:rr\" in lower-case hexadecimal");
    }
    ids.push_back(text);
  }
  return ids;
}

Result<std::optional<CatalogLink>> ReadLink(const JsonFields& fields) {
  if (!fields.Has("link")) return std::optional<CatalogLink>();
  const JsonFields object = TRY(fields.Object("link"));
  CatalogLink link;
  link.generation = TRY(Between(object, "generation", 1, kNewestLink));
  link.lanes = TRY(object.Integer("lanes"));
  if (!In(kLanes, link.lanes)) {
    return Unlike(object.Path("lanes"), std::to_string(link.lanes), "1, 2, 4, 8 or 16");
  }
  return std::optional<CatalogLink>(link);
}

Status ReadIdentity(const JsonFields& fields, CatalogEntry* entry) {
  TRY(fields.CheckSchema("catalog", 1));
  entry->id = TRY(fields.Text("id"));
  const bool slug = std::all_of(entry->id.begin(), entry->id.end(), [](unsigned char c) {
    return std::isdigit(c) || std::islower(c) || c == '-';
  });
  if (!slug) return Unlike("id", "\"" + entry->id + "\"", "lower-case letters, digits and hyphens");
  entry->name = TRY(fields.Text("name"));
  entry->vendor = TRY(fields.Text("vendor"));
  entry->kind = TRY(fields.Text("kind"));
  if (!In(kKinds, entry->kind))
    return Unlike("kind", "\"" + entry->kind + "\"", "cpu, fpga or gpu");
  entry->architecture = TRY(fields.Text("architecture"));
  entry->year = TRY(Between(fields, "year", kFirstYear, kLastYear));
  if (fields.Has("chips")) entry->chips = TRY(Between(fields, "chips", 1, kMostChips));
  return {};
}

Status ReadSource(const JsonFields& fields, CatalogEntry* entry) {
  const JsonFields source = TRY(fields.Object("source"));
  entry->source_title = TRY(source.Text("title"));
  entry->source_url = TRY(source.Text("url"));
  if (entry->source_url.starts_with("https://")) return {};
  return Unlike("source.url", "\"" + entry->source_url + "\"", "an https:// address");
}

Result<CatalogEntry> Read(const json& document) {
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  CatalogEntry entry;
  TRY(ReadIdentity(fields, &entry));
  entry.memory_bytes = TRY(Known(fields, "memory_bytes"));
  const JsonFields peak = TRY(fields.Object("peak"));
  entry.peak.bytes_per_s = TRY(Known(peak, "bytes_per_s"));
  entry.peak.f32_flops = TRY(Known(peak, "f32_flops"));
  entry.peak.f16_flops = TRY(Known(peak, "f16_flops"));
  entry.peak.int8_ops = TRY(Known(peak, "int8_ops"));
  const JsonFields power = TRY(fields.Object("power"));
  entry.busy_w = TRY(power.Positive("busy_w"));
  entry.link = TRY(ReadLink(fields));
  entry.pci_ids = TRY(ReadPciIds(fields));
  TRY(ReadSource(fields, &entry));
  return entry;
}

}  // namespace

Result<CatalogEntry> CatalogEntryFromJson(const json& document, const std::string& where) {
  auto entry = Read(document);
  if (entry.ok()) return entry;
  Error error = entry.ReleaseError();
  error.message = where + ": " + error.message;
  return error;
}

}  // namespace motley
