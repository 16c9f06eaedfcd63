// Streams: their bytes, their end, and what happens when somebody leaves.

#include <gmock/gmock.h>

#include <thread>

#include "tests/daemon/http/door.h"

namespace motley {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

std::string Hello(const Request&) { return "h\xc3\xa9!"; }

json StreamBody(json more = json::object()) {
  more["stream"] = true;
  return Door::ChatBody(std::move(more));
}

// The stream's bytes with what changes from run to run replaced.
std::string Steady(std::string body) {
  const std::string id = "\"id\":\"chatcmpl-", created = "\"created\":";
  for (size_t at = 0; (at = body.find(id, at)) != body.npos; at += id.size()) {
    const size_t start = at + id.size();
    body.replace(start, body.find('"', start) - start, "ID");
  }
  for (size_t at = 0; (at = body.find(created, at)) != body.npos; at += created.size()) {
    const size_t start = at + created.size();
    body.replace(start, body.find(',', start) - start, "1");
  }
  return body;
}

TEST(Stream, HasExactlyTheseBytes) {
  Door door(Hello);
  const RawAnswer answer = door.Post("/v1/chat/completions",
                                     StreamBody({{"stream_options", {{"include_usage", true}}}}));
  EXPECT_EQ(answer.headers.at("Content-Type"), "text/event-stream");
  EXPECT_EQ(answer.headers.at("Cache-Control"), "no-cache");
  EXPECT_EQ(answer.headers.at("X-Accel-Buffering"), "no");
  EXPECT_TRUE(answer.headers.contains("x-request-id"));
  const std::string head =
      R"(data: {"id":"chatcmpl-ID","object":"chat.completion.chunk","created":1,"model":"toy-model","choices":[)";
  const std::string last =
      R"("timings":{"queue_ms":0.0,"prompt_n":22,"prompt_ms":2.0,"predicted_n":5,"predicted_ms":5.0},)"
      R"("plan_id":"toy","stages":[{"device":"cpu0","first_item":0,"last_item":29,"ms":5.0}]})";
  auto delta = [&](const std::string& d, const std::string& finish) {
    return head + R"({"index":0,"delta":)" + d + R"(,"logprobs":null,"finish_reason":)" + finish +
           R"(}],"usage":null)";
  };
  EXPECT_EQ(
      Steady(answer.body),
      delta(R"({"role":"assistant","content":""})", "null") + "}\n\n" +
          delta(R"({"content":"h"})", "null") + "}\n\n" +
          delta("{\"content\":\"\xc3\xa9\"}", "null") + "}\n\n" +
          delta(R"({"content":"!"})", "null") + "}\n\n" + delta("{}", "\"stop\"") + "," + last +
          "\n\n" + head +
          R"(],"usage":{"prompt_tokens":22,"completion_tokens":5,"total_tokens":27,)" +
          R"("prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},)" +
          last + "\n\ndata: [DONE]\n\n");
}

TEST(Stream, HasNoUsageUnlessAsked) {
  Door door(Hello);
  const auto events = Events(door.Post("/v1/chat/completions", StreamBody()).body);
  EXPECT_EQ(events.back(), "[DONE]");
  for (size_t i = 0; i + 1 < events.size(); ++i)
    EXPECT_FALSE(json::parse(events[i]).contains("usage"));
  EXPECT_EQ(json::parse(events[events.size() - 2])["timings"]["predicted_n"], 5);
}

TEST(Stream, CarriesLogprobsAndTokenIds) {
  Door door(Hello);
  const auto events = Events(door.Post("/v1/chat/completions",
                                       StreamBody({{"logprobs", true}, {"return_token_ids", true}}))
                                 .body);
  EXPECT_TRUE(json::parse(events[0])["choices"][0]["prompt_token_ids"].is_array());
  std::vector<int> ids;
  std::vector<json> bytes;
  for (size_t i = 1; i + 2 < events.size(); ++i) {
    const json choice = json::parse(events[i])["choices"][0];
    for (const json& id : choice["token_ids"]) ids.push_back(id);
    for (const json& entry : choice["logprobs"]["content"]) bytes.push_back(entry["bytes"][0]);
  }
  EXPECT_THAT(ids, ElementsAre(104, 195, 169, 33, ToyTokenizer::kEnd));
  EXPECT_EQ(bytes.size(), 5u);
}

TEST(Stream, InterleavesChoicesAndEndsOnce) {
  Door door;
  const auto events = Events(
      door.Post("/v1/completions",
                {{"prompt", {"a", "b"}}, {"stream", true}, {"max_tokens", 5}, {"temperature", 0}})
          .body);
  std::map<int, std::string> texts;
  int finished = 0, timed = 0;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const json event = json::parse(events[i]), choice = event["choices"][0];
    EXPECT_EQ(event["object"], "text_completion");
    texts[choice["index"]] += choice["text"].get<std::string>();
    finished += choice["finish_reason"] == "length";
    timed += event.contains("timings");
  }
  EXPECT_EQ(texts[0], "0 1 2");
  EXPECT_EQ(texts[1], "0 1 2");
  EXPECT_EQ(finished, 2);
  EXPECT_EQ(timed, 1);
  EXPECT_EQ(events.back(), "[DONE]");
}

TEST(Stream, EchoesThePromptFirst) {
  Door door(Hello);
  const auto events =
      Events(door.Post("/v1/completions",
                       {{"prompt", "ab"}, {"stream", true}, {"echo", true}, {"logprobs", 0}})
                 .body);
  const json first = json::parse(events[0])["choices"][0],
             second = json::parse(events[1])["choices"][0];
  EXPECT_EQ(first["text"], "ab");
  EXPECT_EQ(first["logprobs"]["token_logprobs"], json({nullptr, -0.5, -0.5}));
  EXPECT_EQ(second["text"], "h");
  EXPECT_EQ(second["logprobs"]["text_offset"], json({2}));
}

TEST(Stream, StopsBeforeAStopString) {
  Door door;
  const auto events = Events(door.Post("/v1/chat/completions", StreamBody({{"stop", "3 4"}})).body);
  std::string text;
  for (size_t i = 0; i + 1 < events.size(); ++i)
    text += json::parse(events[i])["choices"][0]["delta"].value("content", "");
  EXPECT_EQ(text, "0 1 2 ");
  EXPECT_EQ(json::parse(events[events.size() - 2])["choices"][0]["finish_reason"], "stop");
}

TEST(Stream, TellsAFailureAsAnErrorAndEndsWithoutDone) {
  Door door;
  door.service.FailAfter(2, Error::DeviceLost("cpu0 was lost"));
  const auto events = Events(door.Post("/v1/chat/completions", StreamBody()).body);
  EXPECT_EQ(
      events.back(),
      R"({"error":{"message":"cpu0 was lost","type":"server_error","param":null,"code":"device_lost"}})");
}

TEST(Stream, KeepsAwakeWithEmptyDeltas) {
  Door door(ScriptedService::Count, {.keep_alive = std::chrono::milliseconds(20)});
  door.service.Hold(true);
  RawClient client(door.server->port());
  client.Post("/v1/chat/completions", StreamBody().dump());
  client.ReadHead();
  client.ReadChunk();
  const json pause = json::parse(client.ReadChunk().substr(6));
  EXPECT_EQ(pause["choices"],
            json::parse(R"([{"index":0,"delta":{},"logprobs":null,"finish_reason":null}])"));
}

TEST(Stream, CancelsTheWorkOfAClientThatLeaves) {
  Door door;
  door.service.Hold(true);
  for (const bool stream : {true, false}) {
    RawClient client(door.server->port());
    client.Post("/v1/chat/completions", Door::ChatBody({{"stream", stream}, {"n", 2}}).dump());
    ASSERT_TRUE(door.service.WaitForRunning(2));
    client.Close();
    EXPECT_TRUE(door.service.WaitForCancelled(stream ? 2 : 4))
        << (stream ? "streaming" : "waiting");
  }
  door.service.Hold(false);
  EXPECT_EQ(door.Chat({{"max_tokens", 1}})["choices"][0]["message"]["content"], "0");
}

TEST(Stream, CancelsOtherChoicesWhenOneIsRefused) {
  Door door;
  door.service.Hold(true);
  door.service.RefuseAfter(2, Error::Unavailable("the queue is full"));
  const RawAnswer answer = door.Post("/v1/chat/completions", Door::ChatBody({{"n", 4}}));
  EXPECT_EQ(answer.status, 429);
  EXPECT_TRUE(door.service.WaitForCancelled(2));
}

TEST(Stream, ServesAHundredAtOnceWithoutMixingThem) {
  Door door(ScriptedService::Echo);
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back([&door, &good, i] {
      const std::string say = "client " + std::to_string(i);
      RawClient client(door.server->port());
      client.Post("/v1/completions",
                  json{{"prompt", say}, {"stream", true}, {"max_tokens", 40}}.dump());
      std::string text;
      for (const std::string& event : Events(client.Read().body)) {
        if (event != "[DONE]") text += json::parse(event)["choices"][0]["text"].get<std::string>();
      }
      good += text == say;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 100);
  EXPECT_EQ(door.service.running(), 0);
}

TEST(Stream, TellsThatTheServiceStops) {
  Door door;
  door.service.Hold(true);
  RawClient streaming(door.server->port()), waiting(door.server->port());
  streaming.Post("/v1/chat/completions", StreamBody().dump());
  waiting.Post("/v1/chat/completions", Door::ChatBody().dump());
  streaming.ReadHead();
  streaming.ReadChunk();
  ASSERT_TRUE(door.service.WaitForRunning(2));
  door.server->Stop(std::chrono::milliseconds(0));
  EXPECT_EQ(json::parse(streaming.ReadChunk().substr(6))["error"]["message"],
            "the service is stopping");
  EXPECT_EQ(waiting.Read().status, 503);
  EXPECT_TRUE(door.service.WaitForCancelled(2));
}

TEST(Stream, EndsWellWhenTheServerStopsUnderLoad) {
  Door door;
  std::vector<std::thread> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back([&door, i] {
      RawClient client(door.server->port());
      client.Post("/v1/chat/completions",
                  Door::ChatBody({{"stream", i % 2 == 0}, {"ignore_eos", true}}).dump());
      client.ReadToEnd();
    });
  }
  ASSERT_TRUE(door.service.WaitForRunning(1));
  door.server->Stop(std::chrono::milliseconds(0));
  for (std::thread& client : clients) client.join();
  door.server.reset();
}

}  // namespace
}  // namespace motley
