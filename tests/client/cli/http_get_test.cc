#include "client/cli/http_get.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "base/os.h"

namespace motley {
namespace {

// Takes one connection on a unix socket and says `answer`.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : path_(testing::TempDir() + "motley-http-get.sock") {
    unlink(path_.c_str());
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.c_str(), path_.size() + 1);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const Fd peer(accept(listener_.get(), nullptr, nullptr));
      char request[1024];
      const ssize_t n = read(peer.get(), request, sizeof request);
      request_.assign(request, n > 0 ? static_cast<size_t>(n) : 0);
      send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    });
  }
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
    unlink(path_.c_str());
  }
  std::string host() const { return "unix:" + path_; }
  std::string Request() {
    thread_.join();
    return request_;
  }

 private:
  const std::string path_;
  const Fd listener_{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::string request_;
  std::thread thread_;
};

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
