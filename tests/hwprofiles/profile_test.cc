#include "hwprofiles/profile.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

json Machine() {
  return json::parse(R"({"schema":"motley.machine/1","name":"box","unknown_key":7,
    "devices":[
      {"id":"cpu0","kind":"cpu","name":"a CPU","memory_bytes":1000,"usable_bytes":900,
       "power":{"idle_w":10,"busy_w":65},
       "layer_times":{"prefill":[[1,5],[512,900]],"decode":[[1,4.5],[16,9]]}},
      {"id":"ocl0","kind":"gpu","name":"a GPU","memory_bytes":2000,"usable_bytes":1800,
       "item_times_us":{"prefill":[1,2,3],"decode":[4,5,6]},
       "ops":[{"op":"mul_mat","type":"q4_1","regime":"decode","t0_us":2,"bytes_per_us":100,
               "flops_per_us":1000,"p":4}],
       "peak":{"bytes_per_s":1e11,"f16_flops":1e13,"int8_ops":2e13,"launch_us":5}}],
    "links":[{"from":"cpu0","to":"ocl0","latency_us":12,"bytes_per_s":1e10},
             {"from":"host","to":"ocl0","latency_us":1,"bytes_per_s":2e10}],
    "default_link":{"latency_us":20,"bytes_per_s":5e9}})");
}

TEST(MachineProfile, ComesBackFromJsonAsItWent) {
  const auto first = MachineFromJson(Machine());
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->devices[0].busy_w, 65);
  EXPECT_EQ(first->devices[0].layer_times->decode[1], (std::pair<double, double>(16, 9)));
  EXPECT_EQ(first->devices[1].item_times->decode, (std::vector<double>{4, 5, 6}));
  EXPECT_EQ(first->devices[1].ops[0].p, 4);
  const json written = ToJson(*first);
  const auto second = MachineFromJson(written);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(ToJson(*second), written);
}

TEST(MachineProfile, AbsentPairsUseTheDefaultLink) {
  const auto machine = MachineFromJson(Machine());
  ASSERT_TRUE(machine.ok());
  EXPECT_EQ(machine->Link("cpu0", "ocl0").latency_us, 12);
  EXPECT_EQ(machine->Link("ocl0", "cpu0").latency_us, 20);
}

TEST(MachineProfile, NullIsUnknown) {
  json machine = Machine();
  machine["devices"][0]["power"] = nullptr;
  machine["devices"][1]["peak"] = nullptr;
  const auto read = MachineFromJson(machine);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_FALSE(read->devices[1].peak.has_value());
}

TEST(MachineProfile, UsableMemoryDefaultsToAllOfIt) {
  json machine = Machine();
  machine["devices"][0].erase("usable_bytes");
  EXPECT_EQ(MachineFromJson(machine)->devices[0].usable_bytes, 1000);
}

struct Broken {
  const char* field;
  std::function<void(json&)> breaks;
};

TEST(MachineProfile, ErrorsNameTheKey) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Broken cases[] = {
      {"document", [](json& m) { m = json::array(); }},
      {"schema", [](json& m) { m.erase("schema"); }},
      {"schema", [](json& m) { m["schema"] = "motley.machine/2"; }},
      {"schema", [](json& m) { m["schema"] = "motley.plan/1"; }},
      {"schema", [](json& m) { m["schema"] = "motley.machine/1x"; }},
      {"devices", [](json& m) { m.erase("devices"); }},
      {"devices", [](json& m) { m["devices"] = 3; }},
      {"devices[1]", [](json& m) { m["devices"][1] = "gpu"; }},
      {"devices[1].id", [](json& m) { m["devices"][1].erase("id"); }},
      {"devices[1].id", [](json& m) { m["devices"][1]["id"] = "cpu0"; }},
      {"devices[1].id", [](json& m) { m["devices"][1]["id"] = "host"; }},
      {"devices[0].usable_bytes", [](json& m) { m["devices"][0]["usable_bytes"] = -1; }},
      {"devices[0].usable_bytes", [=](json& m) { m["devices"][0]["usable_bytes"] = nan; }},
      {"devices[0].usable_bytes", [](json& m) { m["devices"][0]["usable_bytes"] = "many"; }},
      {"devices[0].usable_bytes",
       [](json& m) {
         m["devices"][0].erase("usable_bytes");
         m["devices"][0].erase("memory_bytes");
       }},
      {"devices[1].item_times_us.decode[2]",
       [](json& m) { m["devices"][1]["item_times_us"]["decode"][2] = -4; }},
      {"devices[1].item_times_us.decode",
       [](json& m) {
         m["devices"][1]["item_times_us"]["decode"] = {1, 2};
       }},
      {"devices[0].layer_times.decode",
       [](json& m) {
         m["devices"][0]["layer_times"]["decode"] = {{4, 1}, {4, 2}};
       }},
      {"devices[0].layer_times.decode[0]",
       [](json& m) {
         m["devices"][0]["layer_times"]["decode"][0] = {1, 2, 3};
       }},
      {"devices[0].layer_times.prefill",
       [](json& m) { m["devices"][0]["layer_times"]["prefill"] = json::array(); }},
      {"devices[1].ops[0].bytes_per_us",
       [](json& m) { m["devices"][1]["ops"][0]["bytes_per_us"] = 0; }},
      {"devices[1].peak.bytes_per_s",
       [](json& m) { m["devices"][1]["peak"].erase("bytes_per_s"); }},
      {"links[0].to", [](json& m) { m["links"][0]["to"] = "nv7"; }},
      {"links[0].bytes_per_s", [](json& m) { m["links"][0]["bytes_per_s"] = 0; }},
      {"links[1].to", [](json& m) { m["links"][1] = m["links"][0]; }},
      {"default_link.bytes_per_s", [](json& m) { m["default_link"].erase("bytes_per_s"); }},
  };
  for (const Broken& broken : cases) {
    json machine = Machine();
    broken.breaks(machine);
    const auto read = MachineFromJson(machine);
    ASSERT_FALSE(read.ok()) << broken.field;
    EXPECT_EQ(read.error().code, Code::kInvalidArgument);
    EXPECT_EQ(read.error().field, broken.field) << read.error().message;
    EXPECT_NE(read.error().message.find(broken.field), std::string::npos);
  }
}

}  // namespace
}  // namespace motley
