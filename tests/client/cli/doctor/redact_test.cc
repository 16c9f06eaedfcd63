#include "client/cli/doctor/redact.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace motley {
namespace {

using nlohmann::json;

TEST(Redact, TakesNamesOutOfEveryText) {
  json report = {{"fix", "sudo usermod -aG render ann"},
                 {"list", {"/home/ann/lib/libcuda.so", 7, nullptr, {{"host", "box.lan"}}}}};
  Redact(&report, {{"/home/ann", "~"}, {"ann", "USER"}, {"box.lan", "HOST"}, {"", "x"}});
  EXPECT_EQ(report, json({{"fix", "sudo usermod -aG render USER"},
                          {"list", {"~/lib/libcuda.so", 7, nullptr, {{"host", "HOST"}}}}}));
}

TEST(Redact, LeavesWordsThatOnlyHoldAName) {
  json text = "annual plan of ann_2, Hanna, ann-ann";
  Redact(&text, {{"ann", "USER"}});
  EXPECT_EQ(text, "annual plan of ann_2, Hanna, USER-USER");
}

}  // namespace
}  // namespace motley
