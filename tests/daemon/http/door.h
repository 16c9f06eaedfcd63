#pragma once
// The whole HTTP door before a ScriptedService, and what tests ask it.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/http/api.h"
#include "tests/daemon/http/raw_client.h"
#include "tests/fakes/scripted_service.h"

namespace motley {

class Door {
 public:
  explicit Door(ScriptedService::Script script = ScriptedService::Count, HttpLimits limits = {})
      : service(std::move(script)),
        server(ServeHttp(service, RealClock(), {.listen = {"127.0.0.1:0"}, .limits = limits})
                   .ReleaseValue()) {}

  RawAnswer Get(std::string_view path, std::string_view headers = "") {
    RawClient client(server->port());
    client.Get(path, headers);
    return client.Read();
  }
  RawAnswer Post(std::string_view path, const nlohmann::json& body, std::string_view headers = "") {
    RawClient client(server->port());
    client.Post(path, body.is_string() ? body.get<std::string>() : body.dump(), headers);
    return client.Read();
  }
  nlohmann::json Chat(nlohmann::json more = nlohmann::json::object()) {
    const RawAnswer answer = Post("/v1/chat/completions", ChatBody(std::move(more)));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  nlohmann::json Complete(nlohmann::json body) {
    const RawAnswer answer = Post("/v1/completions", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.json();
  }
  static nlohmann::json ChatBody(nlohmann::json more = nlohmann::json::object()) {
    nlohmann::json body = {{"messages", {{{"role", "user"}, {"content", "hi"}}}},
                           {"temperature", 0}};
    body.update(more);
    return body;
  }

  ScriptedService service;
  std::unique_ptr<HttpServer> server;
};

// The data of each event of a stream's body.
inline std::vector<std::string> Events(const std::string& body) {
  std::vector<std::string> events;
  size_t at = 0;
  while (at < body.size()) {
    const size_t end = body.find("\n\n", at);
    EXPECT_EQ(body.substr(at, 6), "data: ") << body.substr(at, 40);
    if (end == body.npos) break;
    events.push_back(body.substr(at + 6, end - at - 6));
    at = end + 2;
  }
  return events;
}

}  // namespace motley
