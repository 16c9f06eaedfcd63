#pragma once
// What hardware can do by its maker's data sheet: motley.catalog/1 of docs/formats.md. A prior for
// devices that are not there to be measured; every entry names its source. The entries under
// hwprofiles/catalog are built into the library, so an installed program needs no data folder.
// Plain data, owned by whoever asked for it; pure, any thread. Errors: InvalidArgument names the
// file and the key.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley {

// Dense rates of the whole card or socket, at the clock the data sheet rates it by (CPUs: the base
// clock). Empty: the maker does not say, or the hardware has no such arithmetic.
struct CatalogPeak {
  std::optional<double> bytes_per_s;  // reads of its memory; CPUs: all channels of a socket
  std::optional<double> f32_flops;    // vector units
  std::optional<double> f16_flops;    // 16-bit floats, matrix units where it has them, f32 sums
  std::optional<double> int8_ops;     // a multiply and an add are two
};

struct CatalogLink {
  int generation = 0, lanes = 0;  // PCI Express, as the card was built
};

struct CatalogEntry {
  std::string id;            // "rtx-3090"
  std::string name;          // "NVIDIA GeForce RTX 3090"
  std::string vendor, kind;  // kind: "gpu", "cpu" or "fpga"
  std::string architecture;  // "sm_86", "gfx1030", "xe-hpg", "avx512-vnni"
  int year = 0;              // first sold
  int chips = 1;             // devices the system sees it as; all numbers are of the whole
  std::optional<double> memory_bytes;  // CPUs: empty
  CatalogPeak peak;
  double busy_w = 0;  // board power or TDP
  std::optional<CatalogLink> link;
  // "10de:2204", or "1002:744c:c8" where the revision tells cards apart. None where several cards
  // that differ in memory or speed share an id.
  std::vector<std::string> pci_ids;
  std::string source_title, source_url;  // the maker's own page, https
};

// One entry. Errors begin with `where` (a file or "catalog[3]"); their field is the key.
Result<CatalogEntry> CatalogEntryFromJson(const nlohmann::json& json, const std::string& where);

// Every *.json under `folder`, by id. An entry's id is its file's name; ids and PCI ids are
// unique. Errors also: NotFound without such a folder.
Result<std::vector<CatalogEntry>> LoadCatalog(const std::string& folder);

// The entries built in, by id; parsed anew on each call (about a millisecond).
Result<std::vector<CatalogEntry>> Catalog();

// The entry with that id or name, ignoring case and punctuation: "RTX 3090" is rtx-3090. The
// pointer is into `entries`, as are those below. NotFound names the nearest ids.
Result<const CatalogEntry*> FindInCatalog(const std::vector<CatalogEntry>& entries,
                                          std::string_view name);

// The entry of a card by what sysfs says of it, all in hexadecimal digits of either case ("10de",
// "2204", "a1"); null when there is none.
const CatalogEntry* FindByPciId(const std::vector<CatalogEntry>& entries, std::string_view vendor,
                                std::string_view device, std::string_view revision = {});

}  // namespace motley
