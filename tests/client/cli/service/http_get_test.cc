#include "client/cli/service/http_get.h"

#include <gtest/gtest.h>

#include "tests/client/cli/service/one_answer.h"

namespace motley {
namespace {

TEST(HttpGet, GivesTheBodyOfA200) {
  OneAnswer server("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"x\":1}");
  const auto body = HttpGet(server.host(), "/v1/status", 5'000);
  ASSERT_TRUE(body.ok()) << body.error().message;
  EXPECT_EQ(*body, "{\"x\":1}");
  EXPECT_TRUE(server.Request().starts_with("GET /v1/status HTTP/1.0\r\n"));
}

TEST(HttpGet, AnErrorIsToldInTheServicesWords) {
  OneAnswer server("HTTP/1.1 503 Busy\r\n\r\n{\"error\":{\"message\":\"the model is loading\"}}");
  const auto body = HttpGet(server.host(), "/", 5'000);
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code, Code::kUnavailable);
  EXPECT_NE(body.error().message.find("the model is loading"), std::string::npos);
}

TEST(HttpGet, WhatIsNoHttpIsRefused) {
  for (const char* answer :
       {"", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 503\r\n\r\n[]"}) {
    OneAnswer server(answer);
    EXPECT_FALSE(HttpGet(server.host(), "/", 5'000).ok()) << answer;
  }
}

// One byte every 20 ms keeps each receive alive; the whole answer has its limit all the same.
TEST(HttpGet, AnAnswerThatTricklesIsGivenUp) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n" + std::string(1 << 20, ' '), 20);
  const auto body = HttpGet(server.host(), "/", 200);
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code, Code::kUnavailable);
}

TEST(HttpGet, HostsThatAreNoneAreInvalid) {
  for (const std::string& host : {std::string("nonsense"), std::string(":1"), std::string("a:"),
                                  std::string("unix:"), "unix:/" + std::string(200, 'a')}) {
    const auto body = HttpGet(host, "/", 100);
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(body.error().code, Code::kInvalidArgument) << host;
  }
}

TEST(HttpGet, NobodyThereIsUnavailable) {
  const auto body = HttpGet("unix:/nonexistent/motley.sock", "/", 100);
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace motley
