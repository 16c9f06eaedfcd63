// The endpoints as a client sees them, over a real socket.

#include <gmock/gmock.h>

#include "daemon/http/errors.h"
#include "tests/daemon/http/door.h"

namespace motley {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Hello(const Request&) { return "hello"; }

TEST(Api, ListsItsModels) {
  Door door;
  const json list = door.Get("/v1/models").json();
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"][0]["id"], "toy-model");
  EXPECT_EQ(list["data"][0]["object"], "model");
  EXPECT_EQ(list["data"][0]["created"], 1'700'000'000);
  EXPECT_EQ(door.Get("/v1/models/toy%2Dmodel?x=1").json()["max_model_len"], 512);
  const RawAnswer wrong = door.Get("/v1/models/toy-modle");
  EXPECT_EQ(wrong.status, 404);
  EXPECT_EQ(wrong.json()["error"]["code"], "model_not_found");
  EXPECT_EQ(door.Get("/v1/models/%ff%zz%").status, 404);
}

TEST(Api, TellsHealthApartFromReadiness) {
  Door door;
  EXPECT_EQ(door.Get("/ready").status, 200);
  door.service.SetState(ServiceState::kLoading);
  EXPECT_EQ(door.Get("/health").status, 200);
  const RawAnswer loading = door.Get("/ready");
  EXPECT_EQ(loading.status, 503);
  EXPECT_EQ(loading.json()["state"], "loading");
  EXPECT_EQ(loading.json()["progress"], 0.42);
  EXPECT_EQ(loading.json()["reasons"][0], "the model is loading, 42 % done");
  const RawAnswer refused = door.Post("/v1/chat/completions", Door::ChatBody());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.json()["error"]["code"], "model_loading");
  EXPECT_TRUE(refused.headers.contains("Retry-After"));
  door.service.SetState(ServiceState::kDegraded);
  EXPECT_EQ(door.Get("/ready").status, 200);
  EXPECT_EQ(door.Chat({{"max_tokens", 1}})["object"], "chat.completion");
}

TEST(Api, ServesTheReadOnlyDocuments) {
  Door door;
  EXPECT_EQ(door.Get("/version").json()["name"], "motley");
  EXPECT_EQ(door.Get("/v1/devices").json()["devices"][0]["id"], "cpu0");
  EXPECT_EQ(door.Get("/v1/plan").json()["plan_id"], "toy");
  EXPECT_EQ(door.Get("/v1/status").json()["models"][0]["id"], "toy-model");
  const RawAnswer metrics = door.Get("/metrics");
  EXPECT_EQ(metrics.body, "motley_requests_running 0\n");
  EXPECT_THAT(metrics.headers.at("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
}

TEST(Api, AnswersUnknownPathsAndMethodsInOpenAisForm) {
  Door door;
  for (const char* path :
       {"/nothing", "/v1/chat", "/v1/models/", "/../etc/passwd", "*", "/v1/chat/completions/"}) {
    const RawAnswer answer = door.Get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.json()["error"]["type"], "invalid_request_error");
  }
  const RawAnswer get = door.Get("/v1/chat/completions");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.headers.at("Allow"), "POST, OPTIONS");
  EXPECT_EQ(door.Post("/health", "{}").headers.at("Allow"), "GET, HEAD, OPTIONS");
  RawClient client(door.server->port());
  client.Say("OPTIONS /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer options = client.Read();
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("Allow"), "GET, HEAD, OPTIONS");
  client.Say("HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.ReadHead().status, 200);
}

TEST(Api, TokenizesAndRendersAsLlamaServerDoes) {
  Door door;
  EXPECT_EQ(door.Post("/tokenize", {{"content", "a<s>"}}).json()["tokens"], json({97, 256}));
  EXPECT_EQ(
      door.Post("/tokenize", {{"content", "<s>"}, {"parse_special", false}, {"add_special", true}})
          .json()["tokens"],
      json({256, 60, 115, 62}));
  EXPECT_EQ(
      door.Post("/tokenize", {{"content", "a\xc3\xa9"}, {"with_pieces", true}}).json()["tokens"],
      json::parse(R"([{"id":97,"piece":"a"},{"id":195,"piece":[195]},{"id":169,"piece":[169]}])"));
  EXPECT_EQ(door.Post("/detokenize", {{"tokens", {104, 105, 255}}}).json()["content"],
            "hi\xef\xbf\xbd");
  EXPECT_EQ(door.Post("/detokenize", {{"tokens", {260}}}).status, 400);
  EXPECT_EQ(door.Post("/apply-template", Door::ChatBody()).json()["prompt"],
            "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(door.Post("/apply-template", json::object()).json()["error"]["param"], "messages");
}

TEST(Api, AnswersAChat) {
  Door door(Hello);
  const json answer = door.Chat();
  EXPECT_EQ(answer["id"].get<std::string>().substr(0, 9), "chatcmpl-");
  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(
      answer["choices"],
      json::parse(R"([{"index":0,"message":{"role":"assistant","content":"hello","refusal":null},
                                              "logprobs":null,"finish_reason":"stop"}])"));
  EXPECT_EQ(answer["usage"]["completion_tokens"], 6);
  EXPECT_EQ(answer["timings"]["predicted_n"], 6);
  EXPECT_EQ(answer["plan_id"], "toy");
  EXPECT_EQ(answer["stages"][0],
            json::parse(R"({"device":"cpu0","first_item":0,"last_item":29,"ms":6.0})"));
}

TEST(Api, GivesTheCoreWhatWasAsked) {
  Door door(Hello);
  door.Chat({{"max_tokens", 9},
             {"min_tokens", 2},
             {"temperature", 0.5},
             {"top_p", 0.25},
             {"top_k", 7},
             {"min_p", 0.125},
             {"presence_penalty", 1},
             {"frequency_penalty", -1},
             {"repeat_penalty", 1.5},
             {"seed", 42},
             {"ignore_eos", true},
             {"logit_bias", {{"5", -3}}},
             {"logprobs", true},
             {"top_logprobs", 3}});
  const Request request = door.service.seen().at(0);
  EXPECT_EQ(request.max_tokens, 9);
  EXPECT_EQ(request.min_tokens, 2);
  EXPECT_TRUE(request.ignore_end);
  EXPECT_EQ(request.logprobs, 3);
  EXPECT_EQ(request.prompt_logprobs, kNoLogprobs);
  EXPECT_THAT(request.end_tokens, ElementsAre(ToyTokenizer::kEnd, ToyTokenizer::kEos));
  const SamplingParams& s = request.sampling;
  EXPECT_EQ(s.temperature, 0.5f);
  EXPECT_EQ(s.top_p, 0.25f);
  EXPECT_EQ(s.top_k, 7);
  EXPECT_EQ(s.min_p, 0.125f);
  EXPECT_EQ(s.presence_penalty, 1);
  EXPECT_EQ(s.frequency_penalty, -1);
  EXPECT_EQ(s.repetition_penalty, 1.5f);
  EXPECT_EQ(s.seed, 42u);
  EXPECT_EQ(s.logit_bias.at(5), -3);
}

TEST(Api, LetsNoUserWriteASpecialToken) {
  Door door(Hello);
  door.Chat({{"messages", {{{"role", "user"}, {"content", "<|im_end|>"}}}}});
  const auto prompt = door.service.seen().at(0).prompt;
  EXPECT_EQ(std::count(prompt.begin(), prompt.end(), ToyTokenizer::kEnd), 1)
      << "the template's own";
  door.Complete({{"prompt", "<|im_end|>"}});
  EXPECT_THAT(door.service.seen().at(1).prompt,
              ElementsAre(ToyTokenizer::kBos, ToyTokenizer::kEnd));
}

TEST(Api, FillsTheContextButNoMore) {
  Door door;
  door.Chat();
  Request request = door.service.seen().at(0);
  EXPECT_EQ(request.max_tokens, 512 - static_cast<int>(request.prompt.size()));
  door.Complete({{"prompt", std::vector<int>(510, 5)}, {"max_tokens", 100}});
  EXPECT_EQ(door.service.seen().at(1).max_tokens, 2);
  door.Complete({{"prompt", "x"}});
  EXPECT_EQ(door.service.seen().at(2).max_tokens, 16);
}

TEST(Api, RefusesAPromptOverTheContextWithBothNumbers) {
  Door door;
  const RawAnswer answer = door.Post("/v1/completions", {{"prompt", std::vector<int>(512, 5)}});
  EXPECT_EQ(answer.status, 400);
  const json error = answer.json()["error"];
  EXPECT_EQ(error["code"], "context_length_exceeded");
  EXPECT_EQ(error["param"], "prompt");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("has 512 tokens"));
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("holds 512"));
  const json body =
      Door::ChatBody({{"messages", {{{"role", "user"}, {"content", std::string(600, 'x')}}}}});
  EXPECT_EQ(door.Post("/v1/chat/completions", body).json()["error"]["param"], "messages");
  EXPECT_EQ(door.Post("/v1/completions", {{"prompt", std::vector<int>(512, 5)}, {"max_tokens", 0}})
                .status,
            200);
}

TEST(Api, GivesEachChoiceItsOwnSeed) {
  Door door;
  const json answer = door.Chat({{"n", 3}, {"seed", 4}, {"temperature", 1}, {"max_tokens", 3}});
  ASSERT_EQ(answer["choices"].size(), 3u);
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "4 5");
  EXPECT_EQ(answer["choices"][1]["message"]["content"], "5 6");
  EXPECT_EQ(answer["choices"][2]["message"]["content"], "6 7");
  EXPECT_EQ(answer["usage"]["prompt_tokens"].get<size_t>(),
            door.service.seen().at(0).prompt.size());
  EXPECT_EQ(answer["usage"]["completion_tokens"], 9);
}

TEST(Api, AnswersListsOfPromptsInOrder) {
  Door door(ScriptedService::Echo);
  const json answer = door.Complete({{"prompt", {"first", "second"}}, {"n", 2}});
  ASSERT_EQ(answer["choices"].size(), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(answer["choices"][i]["index"], i);
    EXPECT_EQ(answer["choices"][i]["text"], i < 2 ? "first" : "second");
  }
  EXPECT_EQ(answer["usage"]["prompt_tokens"], 6 + 7);
}

TEST(Api, ScoresAPrompt) {
  Door door;
  const json choice = door.Complete({{"prompt", "a\xc3\xa9z"},
                                     {"echo", true},
                                     {"logprobs", 2},
                                     {"max_tokens", 0},
                                     {"return_token_ids", true}})["choices"][0];
  EXPECT_EQ(choice["text"], "a\xc3\xa9z");
  EXPECT_EQ(choice["prompt_token_ids"], json({256, 97, 195, 169, 122}));
  EXPECT_EQ(choice["token_ids"], json::array());
  const json logprobs = choice["logprobs"];
  EXPECT_EQ(logprobs["tokens"], json({"<s>", "a", "bytes:\\xc3", "bytes:\\xa9", "z"}));
  EXPECT_EQ(logprobs["token_logprobs"], json({nullptr, -0.5, -0.5, -0.5, -0.5}));
  EXPECT_EQ(logprobs["top_logprobs"][0], nullptr);
  EXPECT_EQ(logprobs["top_logprobs"][1], json({{"a", -0.5}, {"b", -1.5}}));
  EXPECT_EQ(logprobs["text_offset"], json({0, 0, 1, 2, 2}));
}

TEST(Api, NamesTokensByIdWhenAsked) {
  Door door(Hello);
  const json completion = door.Complete(
      {{"prompt", "x"}, {"logprobs", 1}, {"max_tokens", 1}, {"return_tokens_as_token_ids", true}});
  EXPECT_EQ(completion["choices"][0]["logprobs"]["tokens"], json({"token_id:104"}));
  EXPECT_EQ(completion["choices"][0]["logprobs"]["top_logprobs"][0],
            json({{"token_id:104", -0.5}}));
  const json chat =
      door.Chat({{"logprobs", true}, {"max_tokens", 1}, {"return_tokens_as_token_ids", true}});
  EXPECT_EQ(chat["choices"][0]["logprobs"]["content"][0]["token"], "token_id:104");
  EXPECT_EQ(chat["choices"][0]["logprobs"]["content"][0]["bytes"], json({104}));
}

TEST(Api, GivesChatLogprobsWithBytesAndAlternatives) {
  Door door(Hello);
  const json choice =
      door.Chat({{"logprobs", true}, {"top_logprobs", 2}, {"max_tokens", 1}})["choices"][0];
  EXPECT_EQ(choice["logprobs"],
            json::parse(R"({"content":[{"token":"h","logprob":-0.5,"bytes":[104],"top_logprobs":[
      {"token":"h","logprob":-0.5,"bytes":[104]},{"token":"i","logprob":-1.5,"bytes":[105]}]}],"refusal":null})"));
}

TEST(Api, MapsTheCoresRefusals) {
  const std::vector<std::tuple<Error, int, std::string>> kCases = {
      {Error::Unavailable("the queue is full"), 429, "queue_full"},
      {Error::Invalid("max_tokens", "needs more blocks"), 400, "invalid_value"},
      {Error::Internal("oops"), 500, "internal_error"},
      {Error::DeviceLost("gone"), 503, "device_lost"},
      {Error::Invalid(kContextField, "too long"), 400, "context_length_exceeded"},
  };
  Door door;
  for (const auto& [error, status, code] : kCases) {
    door.service.RefuseWith(error);
    const RawAnswer answer = door.Post("/v1/chat/completions", Door::ChatBody());
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.json()["error"]["code"], code);
    EXPECT_EQ(answer.headers.contains("Retry-After"), status == 429 || status == 503);
  }
}

TEST(Api, TellsAFailureWhileItRuns) {
  Door door;
  door.service.FailAfter(3, Error::DeviceLost("cpu0 was lost"));
  const RawAnswer answer = door.Post("/v1/chat/completions", Door::ChatBody({{"n", 2}}));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.json()["error"]["message"], "cpu0 was lost");
}

TEST(Api, ListsIgnoredFieldsOrRefusesThem) {
  Door door(Hello);
  const json body = Door::ChatBody({{"zebra", 1}, {"store", true}, {"a\r\nEvil: 1", 1}});
  EXPECT_EQ(door.Post("/v1/chat/completions", body).headers.at("x-motley-ignored"), "zebra, store");
  const RawAnswer strict =
      door.Post("/v1/chat/completions", Door::ChatBody({{"zebra", 1}}), "X-Motley-Strict: 1\r\n");
  EXPECT_EQ(strict.status, 400);
  EXPECT_EQ(strict.json()["error"]["param"], "zebra");
  EXPECT_EQ(
      door.Post("/v1/chat/completions", Door::ChatBody({{"store", true}}), "X-Motley-Strict: 1\r\n")
          .status,
      200);
}

TEST(Api, SurvivesAnyBytes) {
  Door door(Hello);
  const std::string deep(100'000, '[');
  for (const std::string& body :
       {std::string("{"), std::string("\xff\xfe"), std::string(100, '\0'), deep, std::string("[1]"),
        std::string("{\"messages\":\"\\ud800\"}")}) {
    for (const char* path : {"/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize",
                             "/apply-template"}) {
      RawClient client(door.server->port());
      client.Post(path, body);
      const RawAnswer answer = client.Read();
      EXPECT_EQ(answer.status, 400) << path;
      EXPECT_EQ(answer.json()["error"].size(), 4u);
    }
  }
  for (const char* path : {"/v1/chat/completions", "/tokenize"})
    EXPECT_EQ(door.Post(path, "").status, 400);
}

TEST(Api, KeepsForeignPagesOut) {
  Door door;
  EXPECT_EQ(door.Get("/health", "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(door.Get("/health", "Origin: null\r\n").status, 403);
  EXPECT_EQ(door.Get("/health", "Host: localhost\r\n").status, 400) << "two hosts";
  const RawAnswer own = door.Get("/health", "Origin: http://localhost:3000\r\n");
  EXPECT_EQ(own.headers.at("Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_FALSE(door.Get("/health").headers.contains("Access-Control-Allow-Origin"));
  RawClient client(door.server->port());
  client.Say("GET /v1/models HTTP/1.1\r\nHost: rebound.example:6685\r\n\r\n");
  EXPECT_EQ(client.Read().status, 403);
}

}  // namespace
}  // namespace motley
