#include "hwprofiles/cards/catalog.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/nearest.h"
#include "base/os.h"
#include "hwprofiles/json_fields.h"

// A JSON array of all files of the folder catalog, put together by CMakeLists.txt.
extern "C" const char motley_hardware_catalog[];

namespace motley {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kLargestFile = 64 << 10;
constexpr size_t kShownNames = 3;
constexpr size_t kLongestName = 128;

// Sorted by id, and what must be unique is.
Status SortAndCheck(std::vector<CatalogEntry>* entries) {
  std::sort(entries->begin(), entries->end(),
            [](const CatalogEntry& a, const CatalogEntry& b) { return a.id < b.id; });
  std::map<std::string_view, std::string_view> owners;
  for (size_t i = 0; i < entries->size(); ++i) {
    const CatalogEntry& entry = (*entries)[i];
    if (i > 0 && (*entries)[i - 1].id == entry.id) {
      return Error::Invalid("id", "two entries have the id " + entry.id);
    }
    for (const std::string& pci : entry.pci_ids) {
      const auto [other, added] = owners.emplace(pci, entry.id);
      if (!added) {
        return Error::Invalid("pci_ids", pci + " is of " + std::string(other->second) + " and of " +
                                             entry.id + ", a PCI id names one entry");
      }
    }
  }
  return {};
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Letters and digits only, so that makers' and people's spellings meet. A plus is spelt out: it
// tells the 8480+ from an 8480.
std::string Folded(std::string_view text) {
  std::string out;
  for (char c : Lower(text)) {
    if (std::isalnum(static_cast<unsigned char>(c))) out += c;
    if (c == '+') out += "plus";
  }
  return out;
}

// The ids to offer for a folded name that is none: those that contain it first ("3090").
std::string NearestIds(const std::vector<CatalogEntry>& entries, const std::string& folded) {
  std::vector<std::pair<size_t, std::string_view>> ranked;
  for (const CatalogEntry& entry : entries) {
    const std::string id = Folded(entry.id);
    const bool within = !folded.empty() && id.find(folded) != std::string::npos;
    ranked.emplace_back(within ? 0 : EditDistance(folded, id), entry.id);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string names;
  for (size_t i = 0; i < std::min(kShownNames, ranked.size()); ++i) {
    names += (i ? ", " : "") + std::string(ranked[i].second);
  }
  return names;
}

}  // namespace

Result<std::vector<CatalogEntry>> LoadCatalog(const std::string& folder) {
  std::error_code failed;
  fs::recursive_directory_iterator file(folder, failed);
  if (failed) return ErrnoError("cannot open " + folder, failed.value());
  std::vector<CatalogEntry> entries;
  for (; file != fs::recursive_directory_iterator(); file.increment(failed)) {
    if (file->path().extension() != ".json") continue;
    const std::string path = file->path().string();
    const std::string text = TRY(ReadFile(path, kLargestFile));
    const json document = TRY(ParseJson(text, path));
    CatalogEntry entry = TRY(CatalogEntryFromJson(document, path));
    if (entry.id != file->path().stem().string()) {
      return Error::Invalid("id",
                            path + ": id is \"" + entry.id + "\", must be the name of its file");
    }
    entries.push_back(std::move(entry));
  }
  if (failed) return ErrnoError("cannot read " + folder, failed.value());
  TRY(SortAndCheck(&entries));
  return entries;
}

Result<std::vector<CatalogEntry>> Catalog() {
  const json document = TRY(ParseJson(motley_hardware_catalog, "catalog"));
  std::vector<CatalogEntry> entries;
  entries.reserve(document.size());
  for (size_t i = 0; i < document.size(); ++i) {
    const std::string where = "catalog[" + std::to_string(i) + "]";
    CatalogEntry entry = TRY(CatalogEntryFromJson(document[i], where));
    entries.push_back(std::move(entry));
  }
  TRY(SortAndCheck(&entries));
  return entries;
}

Result<const CatalogEntry*> FindInCatalog(const std::vector<CatalogEntry>& entries,
                                          std::string_view name) {
  name = name.substr(0, kLongestName);
  const std::string folded = Folded(name);
  for (const CatalogEntry& entry : entries) {
    if (Folded(entry.id) == folded || Folded(entry.name) == folded) return &entry;
  }
  Error error = Error::NotFound("no card or processor \"" + std::string(name) +
                                "\" in the catalog of " + std::to_string(entries.size()));
  error.field = "id";
  if (entries.empty()) return error;
  return std::move(error).Fix("nearest: " + NearestIds(entries, folded));
}

const CatalogEntry* FindByPciId(const std::vector<CatalogEntry>& entries, std::string_view vendor,
                                std::string_view device, std::string_view revision) {
  const std::string id = Lower(vendor) + ":" + Lower(device);
  const std::string exact = id + ":" + Lower(revision);
  for (const CatalogEntry& entry : entries) {
    for (const std::string& pci : entry.pci_ids) {
      if (pci == id || pci == exact) return &entry;
    }
  }
  return nullptr;
}

}  // namespace motley
