#include "client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/os.h"
#include "daemon/rpc/rpc_server.h"
#include "tests/fakes/scripted_service.h"

namespace motley {
namespace {

using client::Client;
using client::GenerateRequest;
using client::Generation;
using testing::HasSubstr;

constexpr std::chrono::milliseconds kStep{2};

std::string FreshAddress() {
  static int count = 0;
  return "ipc://" + testing::TempDir() + "motley-client-" + std::to_string(getpid()) + "-" +
         std::to_string(++count);
}

GenerateRequest Completion(const std::string& prompt, int tokens) {
  GenerateRequest request;
  request.prompt = prompt;
  request.max_tokens = tokens;
  request.temperature = 0;
  return request;
}

class ClientLibrary : public testing::Test {
 protected:
  Client Connected() { return Client::Connect(address_).ReleaseValue(); }

  const std::string address_ = FreshAddress();
  ScriptedService service_{ScriptedService::Count, kStep};
  std::unique_ptr<RpcServer> server_ = RpcServer::Start(service_, address_).ReleaseValue();
};

std::string TextOf(Generation& generation) {
  std::string text;
  for (const std::string& piece : generation) text += piece;
  return text;
}

TEST_F(ClientLibrary, IteratesOverTextAndKnowsTheEnd) {
  Client client = Connected();
  Generation generation = client.Generate(Completion("abc", 6)).ReleaseValue();
  EXPECT_EQ(TextOf(generation), "0 1 2 ");
  EXPECT_TRUE(generation.status().ok());
  ASSERT_TRUE(generation.ending().has_value());
  EXPECT_EQ(generation.ending()->reason, client::Reason::kLength);
  EXPECT_EQ(generation.ending()->prompt_tokens, 4);
  EXPECT_EQ(generation.ending()->generated_tokens, 6);
  EXPECT_EQ(generation.ending()->plan_id, "toy");
  ASSERT_EQ(generation.ending()->stages.size(), 1u);
  EXPECT_EQ(generation.ending()->stages[0].device, "cpu0");
}

TEST_F(ClientLibrary, TakesTokenIdsAndMessages) {
  Client client = Connected();
  GenerateRequest tokens = Completion("", 2);
  tokens.prompt.reset();
  tokens.tokens = {65, 66, 67};
  Generation first = client.Generate(tokens).ReleaseValue();
  TextOf(first);
  GenerateRequest chat = tokens;
  chat.tokens.clear();
  chat.messages_json = R"([{"role":"user","content":"hi"}])";
  Generation second = client.Generate(chat).ReleaseValue();
  TextOf(second);
  ASSERT_TRUE(second.status().ok());
  const auto seen = service_.seen();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].prompt, (std::vector<int32_t>{65, 66, 67}));
  EXPECT_EQ(seen[1].prompt.at(1), ToyTokenizer::kStart);
}

TEST_F(ClientLibrary, EverySamplingParameterArrives) {
  Client client = Connected();
  GenerateRequest request = Completion("a", 9);
  request.min_tokens = 2;
  request.temperature = 0.5;
  request.top_k = 7;
  request.top_p = 0.25;
  request.min_p = 0.125;
  request.repetition_penalty = 1.5;
  request.presence_penalty = -1;
  request.frequency_penalty = 2;
  request.seed = 1LL << 40;
  request.ignore_eos = true;
  request.logprobs = 3;
  request.logit_bias = {{5, -2.5}};
  Generation generation = client.Generate(request).ReleaseValue();
  TextOf(generation);
  ASSERT_TRUE(generation.status().ok()) << generation.status().error().message;
  const Request seen = service_.seen().at(0);
  EXPECT_EQ(seen.max_tokens, 9);
  EXPECT_EQ(seen.min_tokens, 2);
  EXPECT_TRUE(seen.ignore_end);
  EXPECT_EQ(seen.logprobs, 3);
  EXPECT_EQ(seen.sampling.temperature, 0.5f);
  EXPECT_EQ(seen.sampling.top_k, 7);
  EXPECT_EQ(seen.sampling.top_p, 0.25f);
  EXPECT_EQ(seen.sampling.min_p, 0.125f);
  EXPECT_EQ(seen.sampling.repetition_penalty, 1.5f);
  EXPECT_EQ(seen.sampling.presence_penalty, -1);
  EXPECT_EQ(seen.sampling.frequency_penalty, 2);
  EXPECT_EQ(seen.sampling.seed, uint64_t{1} << 40);
  EXPECT_EQ(seen.sampling.logit_bias.at(5), -2.5f);
}

TEST_F(ClientLibrary, PiecesCarryTokensWithTheirAlternatives) {
  Client client = Connected();
  GenerateRequest request = Completion("a", 2);
  request.logprobs = 2;
  Generation generation = client.Generate(request).ReleaseValue();
  std::vector<client::Token> tokens;
  while (true) {
    const auto piece = generation.Next();
    ASSERT_TRUE(piece.ok());
    if (!*piece) break;
    tokens.insert(tokens.end(), (*piece)->tokens.begin(), (*piece)->tokens.end());
  }
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].id, '0');
  EXPECT_EQ(tokens[0].logprob, -0.5f);
  ASSERT_EQ(tokens[0].top.size(), 2u);
  EXPECT_EQ(tokens[0].top[1].first, '1');
}

TEST_F(ClientLibrary, ARefusalNamesTheField) {
  Client client = Connected();
  GenerateRequest request = Completion("a", 2);
  request.top_p = 7;
  Generation generation = client.Generate(request).ReleaseValue();
  const auto piece = generation.Next();
  ASSERT_FALSE(piece.ok());
  EXPECT_EQ(piece.error().code, Code::kInvalidArgument);
  EXPECT_EQ(piece.error().field, "top_p");
  EXPECT_FALSE(generation.status().ok());
}

TEST_F(ClientLibrary, NeedsExactlyOnePrompt) {
  Client client = Connected();
  EXPECT_FALSE(client.Generate(GenerateRequest()).ok());
  GenerateRequest both = Completion("a", 1);
  both.tokens = {1};
  EXPECT_FALSE(client.Generate(both).ok());
}

TEST_F(ClientLibrary, RefusesAMessageAboveTheLimitBeforeSendingIt) {
  Client client = Connected();
  const auto generation = client.Generate(Completion(std::string(9 << 20, 'a'), 1));
  ASSERT_FALSE(generation.ok());
  EXPECT_EQ(generation.error().code, Code::kInvalidArgument);
}

TEST_F(ClientLibrary, CancelEndsAGeneration) {
  Client client = Connected();
  Generation generation = client.Generate(Completion("a", 500)).ReleaseValue();
  ASSERT_TRUE(service_.WaitForRunning(1));
  generation.Cancel();
  TextOf(generation);
  ASSERT_TRUE(generation.ending().has_value());
  EXPECT_EQ(generation.ending()->reason, client::Reason::kCancelled);
  EXPECT_TRUE(service_.WaitForCancelled(1));
}

TEST_F(ClientLibrary, DroppingAGenerationCancelsIt) {
  Client client = Connected();
  {
    Generation generation = client.Generate(Completion("a", 500)).ReleaseValue();
    ASSERT_TRUE(service_.WaitForRunning(1));
  }
  EXPECT_TRUE(service_.WaitForCancelled(1));
}

TEST_F(ClientLibrary, ADeadlineEndsAGenerationAndCancelsIt) {
  service_.Hold(true);
  Client client = Connected();
  Generation generation =
      client.Generate(Completion("a", 500), std::chrono::milliseconds(50)).ReleaseValue();
  ASSERT_TRUE(service_.WaitForRunning(1));
  const auto piece = generation.Next();
  ASSERT_FALSE(piece.ok());
  EXPECT_EQ(piece.error().code, Code::kCancelled);
  EXPECT_TRUE(service_.WaitForCancelled(1));
}

TEST_F(ClientLibrary, NextGivesAnEmptyPieceWhenNothingCame) {
  service_.Hold(true);
  Client client = Connected();
  Generation generation = client.Generate(Completion("a", 2)).ReleaseValue();
  const auto piece = generation.Next(std::chrono::milliseconds(1));
  ASSERT_TRUE(piece.ok());
  ASSERT_TRUE(piece->has_value());
  EXPECT_EQ((*piece)->text, "");
  service_.Hold(false);
  EXPECT_EQ(TextOf(generation), "0 ");
}

TEST_F(ClientLibrary, GenerationsOfOneClientDoNotMix) {
  Client client = Connected();
  std::vector<Generation> generations;
  for (int i = 0; i < 8; ++i) {
    GenerateRequest request = Completion("a", 4);
    request.temperature = 1;
    request.seed = i;
    generations.push_back(client.Generate(request).ReleaseValue());
  }
  for (int i = 7; i >= 0; --i) {
    const std::string want = std::to_string(i) + " " + std::to_string(i + 1) + " ";
    EXPECT_EQ(TextOf(generations[static_cast<size_t>(i)]), want.substr(0, 4));
  }
}

TEST_F(ClientLibrary, TheEndOfTheServerIsUnavailable) {
  service_.Hold(true);
  Client client = Connected();
  Generation generation = client.Generate(Completion("a", 4)).ReleaseValue();
  ASSERT_TRUE(service_.WaitForRunning(1));
  server_.reset();
  const auto piece = generation.Next();
  ASSERT_FALSE(piece.ok());
  EXPECT_EQ(piece.error().code, Code::kUnavailable);
}

TEST_F(ClientLibrary, AGenerationOutlivesItsClientAndEnds) {
  service_.Hold(true);
  std::optional<Generation> generation;
  {
    Client client = Connected();
    generation = client.Generate(Completion("a", 4)).ReleaseValue();
  }
  const auto piece = generation->Next();
  ASSERT_FALSE(piece.ok());
  EXPECT_EQ(piece.error().code, Code::kUnavailable);
}

TEST_F(ClientLibrary, DocumentsAreJson) {
  Client client = Connected();
  EXPECT_EQ(client.Plan().ReleaseValue(), R"({"plan_id":"toy"})");
  EXPECT_TRUE(nlohmann::json::accept(client.Status().ReleaseValue()));
  EXPECT_TRUE(nlohmann::json::accept(client.Devices().ReleaseValue()));
}

TEST(ClientConnect, NobodyThereIsUnavailableAndSaysHowToStartOne) {
  const auto client = Client::Connect(FreshAddress(), std::chrono::milliseconds(50));
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().code, Code::kUnavailable);
  EXPECT_THAT(client.error().remedy, HasSubstr("motley serve"));
}

TEST(ClientConnect, OtherTransportsAreRefused) {
  const auto client = Client::Connect("tcp://127.0.0.1:1", std::chrono::milliseconds(50));
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().code, Code::kInvalidArgument);
}

TEST_F(ClientLibrary, TheExampleProgramStreamsAnAnswer) {
  const auto out = MakeSocketPair().ReleaseValue();
  SpawnOptions options{.arguments = {MOTLEY_HELLO, address_, "hi"}, .fds = {{out.second.get(), 1}}};
  Child child = Spawn(options).ReleaseValue();
  const int status = child.Wait(20'000).ReleaseValue();
  EXPECT_EQ(WEXITSTATUS(status), 0);
  std::string text;
  while (true) {
    const auto message = ReceiveMessage(out.first, 0, 4096);
    if (!message.ok()) break;
    text += message->data;
  }
  EXPECT_THAT(text, HasSubstr("0 1 2 3 "));
  EXPECT_THAT(text, HasSubstr("3 tokens in, 32 out"));
}

}  // namespace
}  // namespace motley
