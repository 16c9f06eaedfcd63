#include "hwprofiles/cards/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace motley {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<CatalogEntry> BuiltIn() {
  auto entries = Catalog();
  EXPECT_TRUE(entries.ok()) << entries.error().message;
  return entries.ok() ? entries.ReleaseValue() : std::vector<CatalogEntry>();
}

json Card() {
  return json::parse(R"({"schema":"motley.catalog/1","id":"card-1","name":"A Card 1",
    "vendor":"A","kind":"gpu","architecture":"sm_86","year":2020,"memory_bytes":25769803776,
    "peak":{"bytes_per_s":936e9,"f32_flops":35.6e12,"f16_flops":71.2e12,"int8_ops":null},
    "power":{"busy_w":350},"link":{"generation":4,"lanes":16},"pci_ids":["10de:2204"],
    "source":{"title":"A Card Data Sheet","url":"https://example.com/card"}})");
}

class CatalogFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "motley-catalog-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  void Write(const std::string& file, const std::string& text) {
    const fs::path path = fs::path(folder_) / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string folder_;
};

TEST(HardwareCatalog, HoldsEverySourceFileUnderItsOwnName) {
  const auto files = LoadCatalog(MOTLEY_CATALOG_FOLDER);
  ASSERT_TRUE(files.ok()) << files.error().message;
  const auto built_in = BuiltIn();
  ASSERT_EQ(built_in.size(), files->size());
  for (size_t i = 0; i < built_in.size(); ++i) EXPECT_EQ(built_in[i].id, (*files)[i].id);
  EXPECT_GE(built_in.size(), 60u);
  std::map<std::string, int> kinds;
  for (const CatalogEntry& entry : built_in) ++kinds[entry.kind];
  EXPECT_GE(kinds["gpu"], 60);
  EXPECT_GE(kinds["fpga"], 7);
  EXPECT_GE(kinds["cpu"], 20);
}

TEST(HardwareCatalog, KeepsEveryNumberWithinWhatHardwareOfItsKindCanBe) {
  for (const CatalogEntry& entry : BuiltIn()) {
    SCOPED_TRACE(entry.id);
    EXPECT_GE(entry.year, 2012);
    EXPECT_LE(entry.year, 2026);
    EXPECT_GE(entry.busy_w, 50);
    EXPECT_LE(entry.busy_w, 1000);
    if (entry.peak.bytes_per_s) {
      EXPECT_GE(*entry.peak.bytes_per_s, 50e9);
      EXPECT_LE(*entry.peak.bytes_per_s, 8e12);
    }
    ASSERT_EQ(entry.memory_bytes.has_value(), entry.kind != "cpu");
    ASSERT_EQ(entry.link.has_value(), entry.kind != "cpu");
    if (entry.kind == "cpu") continue;
    EXPECT_GE(*entry.memory_bytes, 6.0 * (1 << 30));
    EXPECT_LE(*entry.memory_bytes, 192.0 * (1 << 30));
    EXPECT_GE(entry.link->generation, 3);
    EXPECT_LE(entry.link->generation, 5);
    EXPECT_GE(entry.link->lanes, 8);
  }
}

TEST(HardwareCatalog, HasRatesInProportionToEachOther) {
  for (const CatalogEntry& entry : BuiltIn()) {
    SCOPED_TRACE(entry.id);
    ASSERT_EQ(entry.peak.f32_flops.has_value(), entry.kind != "fpga");
    if (!entry.peak.f32_flops) continue;
    const double f32 = *entry.peak.f32_flops;
    EXPECT_GE(f32, 0.5e12);
    EXPECT_LE(f32, 200e12);
    ASSERT_TRUE(entry.peak.bytes_per_s.has_value());
    // A few operations a byte with many memory channels, 100 with few: beyond, a digit slipped.
    EXPECT_GE(f32 / *entry.peak.bytes_per_s, 5);
    EXPECT_LE(f32 / *entry.peak.bytes_per_s, 200);
    if (entry.peak.f16_flops) {
      EXPECT_GE(*entry.peak.f16_flops, f32 / 64 * 0.999);
      EXPECT_LE(*entry.peak.f16_flops, f32 * 32);
    }
    if (!entry.peak.int8_ops) continue;
    EXPECT_GE(*entry.peak.int8_ops, f32 * 2 * 0.99);
    EXPECT_LE(*entry.peak.int8_ops, f32 * 64);
    if (entry.peak.f16_flops) {
      // Half of it on Volta, whose matrix units know no integers.
      EXPECT_GE(*entry.peak.int8_ops, *entry.peak.f16_flops * 0.49);
    }
  }
}

TEST(HardwareCatalog, NamesTheMakersOwnPageAsSource) {
  const std::map<std::string, std::vector<std::string>> makers = {
      {"NVIDIA", {"nvidia.com"}},
      {"AMD", {"amd.com"}},
      {"Intel", {"intel.com"}},
      {"Ampere", {"amperecomputing.com"}}};
  for (const CatalogEntry& entry : BuiltIn()) {
    SCOPED_TRACE(entry.id);
    ASSERT_THAT(entry.source_url, StartsWith("https://"));
    const size_t start = std::string("https://").size();
    const std::string host =
        entry.source_url.substr(start, entry.source_url.find('/', start) - start);
    ASSERT_EQ(makers.count(entry.vendor), 1u) << entry.vendor;
    bool own = false;
    for (const std::string& maker : makers.at(entry.vendor)) own |= host.ends_with(maker);
    EXPECT_TRUE(own) << host;
    EXPECT_GE(entry.source_title.size(), 8u);
  }
}

TEST(HardwareCatalog, KnowsCardsByTheirDataSheets) {
  const auto entries = BuiltIn();
  const auto card = FindInCatalog(entries, "rtx-3090");
  ASSERT_TRUE(card.ok()) << card.error().message;
  EXPECT_EQ((*card)->memory_bytes, 24.0 * (1 << 30));
  EXPECT_EQ((*card)->peak.bytes_per_s, 936e9);
  EXPECT_EQ((*card)->peak.f32_flops, 35.6e12);
  EXPECT_EQ((*card)->busy_w, 350);
  EXPECT_EQ((*card)->architecture, "sm_86");
  // 8 channels of 8 bytes at 3200 MT/s; 64 cores at 2.25 GHz, two 8-lane fused multiply-adds each.
  const auto cpu = FindInCatalog(entries, "epyc-7742");
  ASSERT_TRUE(cpu.ok());
  EXPECT_DOUBLE_EQ(*(*cpu)->peak.bytes_per_s, 204.8e9);
  EXPECT_DOUBLE_EQ(*(*cpu)->peak.f32_flops, 64 * 2.25e9 * 2 * 8 * 2);
  const auto dual = FindInCatalog(entries, "tesla-k80");
  ASSERT_TRUE(dual.ok());
  EXPECT_EQ((*dual)->chips, 2);
  EXPECT_FALSE((*dual)->peak.f16_flops.has_value());
}

TEST(HardwareCatalog, FindsAnEntryHoweverItsNameIsWritten) {
  const auto entries = BuiltIn();
  for (const char* name : {"RTX 3090", "rtx_3090", "NVIDIA GeForce RTX 3090"}) {
    const auto found = FindInCatalog(entries, name);
    ASSERT_TRUE(found.ok()) << name;
    EXPECT_EQ((*found)->id, "rtx-3090");
  }
  const auto plus = FindInCatalog(entries, "Intel Xeon Platinum 8480+");
  ASSERT_TRUE(plus.ok());
  EXPECT_EQ((*plus)->id, "xeon-platinum-8480-plus");
  for (const CatalogEntry& entry : entries) {
    const auto found = FindInCatalog(entries, entry.name);
    ASSERT_TRUE(found.ok()) << entry.name;
    EXPECT_EQ((*found)->id, entry.id);
  }
}

TEST(HardwareCatalog, OffersTheNearestNamesForOneItDoesNotHave) {
  const auto entries = BuiltIn();
  const auto mistyped = FindInCatalog(entries, "rtx-3900");
  ASSERT_FALSE(mistyped.ok());
  EXPECT_EQ(mistyped.error().code, Code::kNotFound);
  EXPECT_THAT(mistyped.error().message, HasSubstr("rtx-3900"));
  EXPECT_THAT(mistyped.error().remedy, HasSubstr("rtx-3090"));
  const auto part = FindInCatalog(entries, "4090");
  ASSERT_FALSE(part.ok());
  EXPECT_THAT(part.error().remedy, HasSubstr("rtx-4090"));
  EXPECT_FALSE(FindInCatalog(entries, std::string(1 << 20, 'x')).ok());
  EXPECT_FALSE(FindInCatalog(entries, "").ok());
  EXPECT_FALSE(FindInCatalog({}, "rtx-3090").ok());
}

// 1002:744c is the 7900 XT and the XTX: only the revision tells.
TEST(HardwareCatalog, FindsACardByWhatItsBusSays) {
  const auto entries = BuiltIn();
  const CatalogEntry* card = FindByPciId(entries, "10DE", "2204", "A1");
  ASSERT_NE(card, nullptr);
  EXPECT_EQ(card->id, "rtx-3090");
  const CatalogEntry* xtx = FindByPciId(entries, "1002", "744c", "C8");
  ASSERT_NE(xtx, nullptr);
  EXPECT_EQ(xtx->id, "rx-7900-xtx");
  const CatalogEntry* xt = FindByPciId(entries, "1002", "744c", "cc");
  ASSERT_NE(xt, nullptr);
  EXPECT_EQ(xt->id, "rx-7900-xt");
  EXPECT_EQ(FindByPciId(entries, "1002", "744c"), nullptr);
  EXPECT_EQ(FindByPciId(entries, "10de", "ffff"), nullptr);
  EXPECT_EQ(FindByPciId(entries, "", ""), nullptr);
  // Both functions of an Alveo are the card.
  const CatalogEntry* managed = FindByPciId(entries, "10ee", "5004");
  const CatalogEntry* user = FindByPciId(entries, "10ee", "5005");
  ASSERT_NE(managed, nullptr);
  EXPECT_EQ(managed, user);
}

// No id is of two entries, and none with a revision is hidden behind one without.
TEST(HardwareCatalog, GivesEachPciIdToOneEntry) {
  const auto entries = BuiltIn();
  std::set<std::string> whole;
  size_t ids = 0;
  for (const CatalogEntry& entry : entries) {
    for (const std::string& id : entry.pci_ids) {
      const std::string revision = id.size() > 9 ? id.substr(10) : "";
      const CatalogEntry* found = FindByPciId(entries, id.substr(0, 4), id.substr(5, 4), revision);
      ASSERT_NE(found, nullptr) << id;
      EXPECT_EQ(found->id, entry.id) << id;
      if (revision.empty()) whole.insert(id);
      ++ids;
    }
  }
  for (const CatalogEntry& entry : entries) {
    for (const std::string& id : entry.pci_ids) {
      if (id.size() > 9) {
        EXPECT_EQ(whole.count(id.substr(0, 9)), 0u) << id;
      }
    }
  }
  EXPECT_GE(ids, 80u);
}

TEST(CatalogEntryReader, ReadsNullAsUnknownAndIgnoresKeysItDoesNotKnow) {
  json card = Card();
  card["colour"] = "green";
  card["memory_bytes"] = nullptr;
  card["link"] = nullptr;
  card.erase("pci_ids");
  const auto entry = CatalogEntryFromJson(card, "card.json");
  ASSERT_TRUE(entry.ok()) << entry.error().message;
  EXPECT_FALSE(entry->memory_bytes.has_value());
  EXPECT_FALSE(entry->link.has_value());
  EXPECT_FALSE(entry->peak.int8_ops.has_value());
  EXPECT_EQ(entry->peak.f16_flops, 71.2e12);
  EXPECT_EQ(entry->chips, 1);
  EXPECT_TRUE(entry->pci_ids.empty());
}

TEST(CatalogEntryReader, RefusesABadEntryByFileAndKey) {
  struct Case {
    const char* pointer;
    json value;
    const char* field;
  };
  const Case cases[] = {{"/schema", "motley.catalog/2", "schema"},
                        {"/schema", "motley.machine/1", "schema"},
                        {"/id", nullptr, "id"},
                        {"/id", "Card 1", "id"},
                        {"/name", "", "name"},
                        {"/vendor", 7, "vendor"},
                        {"/kind", "tpu", "kind"},
                        {"/architecture", nullptr, "architecture"},
                        {"/year", 1999, "year"},
                        {"/year", 2020.5, "year"},
                        {"/chips", 0, "chips"},
                        {"/memory_bytes", -1, "memory_bytes"},
                        {"/memory_bytes", 0, "memory_bytes"},
                        {"/peak", nullptr, "peak"},
                        {"/peak/bytes_per_s", "936 GB/s", "peak.bytes_per_s"},
                        {"/peak/f16_flops", 0, "peak.f16_flops"},
                        {"/peak/int8_ops", -5, "peak.int8_ops"},
                        {"/power/busy_w", nullptr, "power.busy_w"},
                        {"/link/generation", 0, "link.generation"},
                        {"/link/lanes", 3, "link.lanes"},
                        {"/pci_ids", "10de:2204", "pci_ids"},
                        {"/pci_ids/0", "10DE:2204", "pci_ids[0]"},
                        {"/pci_ids/0", "10de:2204:", "pci_ids[0]"},
                        {"/pci_ids/0", 10, "pci_ids[0]"},
                        {"/source", nullptr, "source"},
                        {"/source/title", "", "source.title"},
                        {"/source/url", "http://example.com", "source.url"}};
  for (const Case& bad : cases) {
    json card = Card();
    card[json::json_pointer(bad.pointer)] = bad.value;
    const auto entry = CatalogEntryFromJson(card, "card.json");
    ASSERT_FALSE(entry.ok()) << bad.pointer << " = " << bad.value;
    EXPECT_EQ(entry.error().code, Code::kInvalidArgument);
    EXPECT_EQ(entry.error().field, bad.field);
    EXPECT_THAT(entry.error().message, StartsWith("card.json: "));
    EXPECT_THAT(entry.error().message, HasSubstr(bad.field));
  }
  EXPECT_FALSE(CatalogEntryFromJson(json::array(), "card.json").ok());
}

TEST_F(CatalogFolder, IsReadToItsLastSubfolderSortedById) {
  json other = Card();
  other["id"] = "a-card";
  other["pci_ids"] = json::array();
  Write("x/deep/card-1.json", Card().dump());
  Write("y/a-card.json", other.dump());
  Write("notes.txt", "not an entry");
  const auto entries = LoadCatalog(folder_);
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].id, "a-card");
  EXPECT_EQ((*entries)[1].id, "card-1");
}

TEST_F(CatalogFolder, RefusesAFileThatIsNotNamedAfterItsId) {
  Write("card-2.json", Card().dump());
  const auto entries = LoadCatalog(folder_);
  ASSERT_FALSE(entries.ok());
  EXPECT_EQ(entries.error().field, "id");
  EXPECT_THAT(entries.error().message, HasSubstr("card-2.json"));
}

TEST_F(CatalogFolder, RefusesTwoEntriesOfOneId) {
  Write("x/card-1.json", Card().dump());
  Write("y/card-1.json", Card().dump());
  const auto entries = LoadCatalog(folder_);
  ASSERT_FALSE(entries.ok());
  EXPECT_EQ(entries.error().field, "id");
}

TEST_F(CatalogFolder, RefusesAPciIdOfTwoEntries) {
  json other = Card();
  other["id"] = "card-2";
  Write("card-1.json", Card().dump());
  Write("card-2.json", other.dump());
  const auto entries = LoadCatalog(folder_);
  ASSERT_FALSE(entries.ok());
  EXPECT_EQ(entries.error().field, "pci_ids");
  EXPECT_THAT(entries.error().message, HasSubstr("10de:2204"));
}

TEST_F(CatalogFolder, RefusesWhatIsNoJsonAndAFolderThatIsNotThere) {
  EXPECT_EQ(LoadCatalog(folder_ + "/none").error().code, Code::kNotFound);
  Write("card-1.json", "{\"schema\":");
  const auto entries = LoadCatalog(folder_);
  ASSERT_FALSE(entries.ok());
  EXPECT_THAT(entries.error().message, HasSubstr("card-1.json"));
}

}  // namespace
}  // namespace motley
