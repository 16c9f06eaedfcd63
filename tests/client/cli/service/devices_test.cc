#include "client/cli/service/devices.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "client/cli/service/http_get.h"
#include "tests/client/cli/service/one_answer.h"

namespace motley {
namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\n\r\n";

TEST(DevicesOfService, AreWhatItAnswers) {
  OneAnswer server(kOk + R"({"schema":"motley.devices/1","devices":[{"id":"cpu0"}]})");
  const auto devices = DevicesOfService(server.host(), 5'000);
  ASSERT_TRUE(devices.ok()) << devices.error().message;
  EXPECT_EQ((*devices)["devices"][0]["id"], "cpu0");
  EXPECT_TRUE(server.Request().starts_with("GET /v1/devices "));
}

TEST(DevicesOfService, AnotherProgramsAnswersAreNone) {
  for (const char* body :
       {"<html>", "[]", "{}", R"({"schema":"motley.devices/2","devices":[]})",
        R"({"schema":"motley.devices/1"})", R"({"schema":"motley.devices/1","devices":[1]})"}) {
    OneAnswer server(kOk + body);
    const auto devices = DevicesOfService(server.host(), 5'000);
    ASSERT_FALSE(devices.ok()) << body;
    EXPECT_EQ(devices.error().code, Code::kUnavailable) << body;
  }
}

TEST(HostOfService, IsTheVariablesOrTheDefault) {
  setenv("MOTLEY_HOST", "unix:/x", 1);
  EXPECT_EQ(HostOfService(), "unix:/x");
  setenv("MOTLEY_HOST", "", 1);
  EXPECT_EQ(HostOfService(), kDefaultHost);
}

}  // namespace
}  // namespace motley
