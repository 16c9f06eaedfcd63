// The recorded machines of hwprofiles/machines, each a NAME.txt (docs/formats.md) beside the
// NAME.json that `motley devices` makes of it. MOTLEY_UPDATE_MACHINES=1 writes the latter anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "backends/discover/inventory_json.h"
#include "tests/backends/discover/recorded_tree.h"

namespace motley {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<std::string> Machines() {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(MOTLEY_MACHINES))
    if (entry.path().extension() == ".txt")
      names.push_back(entry.path().lexically_relative(MOTLEY_MACHINES).replace_extension());
  return names;
}

class RecordedMachine : public testing::TestWithParam<std::string> {};

// The words of reason and fix belong to the table of cases, whose own tests hold them; here they
// must be there wherever something is wrong.
void TakeOutWords(json& devices) {
  for (json& device : devices["devices"]) {
    for (json& finding : device["findings"]) {
      finding.erase("reason");
      finding.erase("fix");
    }
    const bool explained = device["state"]["reason"] != "" && device["state"]["fix"] != "";
    EXPECT_TRUE(explained || device["state"]["code"] == "ready") << device;
    device["state"].erase("reason");
    device["state"].erase("fix");
  }
}

TEST_P(RecordedMachine, IsListedAsExpected) {
  const std::string base = std::string(MOTLEY_MACHINES) + "/" + GetParam();
  const RecordedTree tree(ReadWholeFile(base + ".txt"));
  const auto inventory = Discover(tree.root(), {});
  ASSERT_TRUE(inventory.ok());
  json found = InventoryToJson(*inventory);
  if (std::getenv("MOTLEY_UPDATE_MACHINES") != nullptr)
    std::ofstream(base + ".json") << found.dump(1) << "\n";
  json expected = json::parse(ReadWholeFile(base + ".json"), nullptr, false);
  ASSERT_TRUE(expected.is_object()) << base << ".json";
  TakeOutWords(found);
  TakeOutWords(expected);
  EXPECT_EQ(found, expected) << json::diff(expected, found).dump(1);
}

INSTANTIATE_TEST_SUITE_P(Machines, RecordedMachine, testing::ValuesIn(Machines()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             if (c == '/') c = '_';
                           return name;
                         });

}  // namespace
}  // namespace motley
