#include "daemon/rpc/rpc_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/daemon/rpc/raw_client.h"
#include "tests/fakes/scripted_service.h"

namespace motley {
namespace {

using testing::HasSubstr;

// Slow enough for a long answer to be caught in the middle.
constexpr std::chrono::milliseconds kStep{2};

class RpcDoor : public testing::Test {
 protected:
  std::string path() const { return address_.substr(6); }

  const std::string address_ = FreshAddress();
  ScriptedService service_{ScriptedService::Count, kStep};
  std::unique_ptr<RpcServer> server_ = RpcServer::Start(service_, address_).ReleaseValue();
  RawClient client_{address_};
};

TEST_F(RpcDoor, StreamsTextAndEndsWithCounts) {
  client_.Generate(7, "abc", 6);
  std::string text;
  const auto end = client_.End(7, &text);
  EXPECT_EQ(text, "0 1 2 ");
  ASSERT_TRUE(end.message.has_finished());
  EXPECT_EQ(end.message.finished().reason(), v1::Finished::LENGTH);
  EXPECT_EQ(end.message.finished().prompt_tokens(), 4);  // with the beginning token
  EXPECT_EQ(end.message.finished().generated_tokens(), 6);
  EXPECT_EQ(end.message.finished().plan_id(), "toy");
}

TEST_F(RpcDoor, GreetsAVersionItSpeaksAndRefusesOthers) {
  client_.Hello(1, 3);
  EXPECT_EQ(client_.Next().message.welcome().version(), 1u);
  client_.Hello(2, 3);
  const auto refusal = client_.Next().message;
  EXPECT_EQ(refusal.failure().code(), v1::Failure::UNSUPPORTED);
  EXPECT_THAT(refusal.failure().message(), HasSubstr("2 to 3"));
}

TEST_F(RpcDoor, AnswersAnotherProtocolVersionWithItsOwn) {
  client_.SendFrames({"motley/9", rpc::NumberFrame(3), "whatever"});
  const auto answer = client_.Next();
  EXPECT_EQ(answer.number, 3u);
  EXPECT_EQ(answer.message.failure().code(), v1::Failure::UNSUPPORTED);
  EXPECT_THAT(answer.message.failure().message(), HasSubstr("motley/1"));
}

TEST_F(RpcDoor, DropsMalformedFramesAndGoesOn) {
  const std::string number = rpc::NumberFrame(1);
  client_.SendFrames({"x"});
  client_.SendFrames({"", "", ""});
  client_.SendFrames({"GET / HTTP/1.1", number, ""});
  client_.SendFrames({rpc::kMagic, "short", ""});
  client_.SendFrames({rpc::kMagic, number});
  client_.SendFrames({rpc::kMagic, number, "", "", "", "", "", ""});
  client_.Generate(2, "a", 2);
  const auto first = client_.Next();
  EXPECT_EQ(first.number, 2u) << "one of the malformed messages was answered";
}

TEST_F(RpcDoor, SaysThatAMessageIsNoProtobufOrHasNoBody) {
  client_.SendFrames({rpc::kMagic, rpc::NumberFrame(4), "\xff\xff\xff"});
  EXPECT_EQ(client_.Next().message.failure().code(), v1::Failure::INVALID_ARGUMENT);
  client_.SendFrames({rpc::kMagic, rpc::NumberFrame(5), ""});
  EXPECT_EQ(client_.Next().message.failure().code(), v1::Failure::UNSUPPORTED);
}

TEST_F(RpcDoor, NamesTheFieldThatIsOutOfRange) {
  v1::ClientMessage message;
  message.mutable_generate()->set_text("a");
  message.mutable_generate()->set_temperature(3);
  client_.Send(1, message);
  const auto failure = client_.Next().message.failure();
  EXPECT_EQ(failure.code(), v1::Failure::INVALID_ARGUMENT);
  EXPECT_EQ(failure.field(), "temperature");
}

TEST_F(RpcDoor, RefusesANumberInUseAndLetsTheFirstGoOn) {
  service_.Hold(true);
  client_.Generate(1, "a", 4);
  ASSERT_TRUE(client_.Next().message.has_accepted());
  client_.Generate(1, "b", 4);
  EXPECT_EQ(client_.Next().message.failure().field(), "number");
  service_.Hold(false);
  EXPECT_TRUE(client_.End(1).message.has_finished());
}

TEST_F(RpcDoor, RefusesMoreRequestsOfOneClientThanAllowed) {
  service_.Hold(true);
  for (uint64_t i = 1; i <= kMaxRequestsOfClient; ++i) {
    client_.Generate(i, "a", 2);
    ASSERT_TRUE(client_.Next().message.has_accepted());
  }
  client_.Generate(kMaxRequestsOfClient + 1, "a", 2);
  EXPECT_EQ(client_.Next().message.failure().code(), v1::Failure::UNAVAILABLE);
  service_.Hold(false);
}

TEST_F(RpcDoor, CancelEndsTheRequestAndTellsSo) {
  client_.Generate(1, "a", 500);
  ASSERT_TRUE(service_.WaitForRunning(1));
  client_.Cancel(1);
  EXPECT_EQ(client_.End(1).message.finished().reason(), v1::Finished::CANCELLED);
  EXPECT_TRUE(service_.WaitForCancelled(1));
  client_.Cancel(99);  // nothing has this number: no answer
  client_.Hello(1, 1);
  EXPECT_TRUE(client_.Next().message.has_welcome());
}

TEST_F(RpcDoor, CancelsTheRequestsOfAClientThatVanished) {
  service_.Hold(true);
  {
    RawClient other(address_);
    other.Generate(1, "a", 500);
    other.Generate(2, "a", 500);
    ASSERT_TRUE(service_.WaitForRunning(2));
  }
  service_.Hold(false);
  EXPECT_TRUE(service_.WaitForCancelled(2));
}

TEST_F(RpcDoor, NoticesAVanishedClientThoughItsRequestOnlyWaits) {
  service_.Hold(true);
  {
    RawClient other(address_);
    other.Generate(1, "a", 500);
    ASSERT_TRUE(service_.WaitForRunning(1));
  }
  EXPECT_TRUE(service_.WaitForCancelled(1));  // by the next sign of life, without a token
}

// 64 answers of about 100 KiB that nobody reads: more than may wait for one client.
TEST_F(RpcDoor, GivesUpAClientThatDoesNotRead) {
  service_.Hold(true);
  v1::ClientMessage message;
  message.mutable_generate()->set_text("a");
  message.mutable_generate()->set_max_tokens(480);
  message.mutable_generate()->set_logprobs(20);
  for (uint64_t i = 1; i <= kMaxRequestsOfClient; ++i) {
    client_.Send(i, message);
    ASSERT_TRUE(client_.Next().message.has_accepted());
  }
  service_.Hold(false);
  EXPECT_TRUE(service_.WaitForCancelled(1));
  RawClient other(address_);
  other.Generate(1, "a", 2);
  EXPECT_TRUE(other.End(1).message.has_finished());
}

TEST_F(RpcDoor, AnErrorOfTheCoreEndsTheRequestWithItsCode) {
  service_.RefuseWith(Error::Unavailable("the queue is full"));
  client_.Generate(1, "a", 4);
  EXPECT_EQ(client_.End(1).message.failure().code(), v1::Failure::UNAVAILABLE);
}

TEST_F(RpcDoor, AnswersWithDocuments) {
  v1::ClientMessage message;
  message.mutable_ask()->set_what(v1::Ask::PLAN);
  client_.Send(1, message);
  EXPECT_EQ(client_.Next().message.document().json(), R"({"plan_id":"toy"})");
}

TEST_F(RpcDoor, TheSocketIsForOwnerAndGroupAndGoesWithTheServer) {
  struct stat info {};
  ASSERT_EQ(stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(RpcDoor, LeavesASocketThatSomebodyServes) {
  const auto second = RpcServer::Start(service_, address_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  client_.Hello(1, 1);
  EXPECT_TRUE(client_.Next().message.has_welcome());
}

TEST(RpcAddress, OnlyAbsoluteIpcPathsAreServed) {
  ScriptedService service;
  for (const std::string address : {"tcp://127.0.0.1:5555", "tcp://*:5555", "ipc://relative",
                                    "ipc://@abstract", "inproc://x", "", "ipc://", "pgm://x"}) {
    const auto server = RpcServer::Start(service, address);
    ASSERT_FALSE(server.ok()) << address;
    EXPECT_EQ(server.error().code, Code::kInvalidArgument) << address;
    EXPECT_EQ(server.error().field, "rpc") << address;
  }
  EXPECT_FALSE(RpcServer::Start(service, "ipc:///" + std::string(200, 'a')).ok());
}

TEST(RpcAddress, AFileThatIsNoSocketIsLeftAlone) {
  ScriptedService service;
  const std::string address = FreshAddress();
  std::ofstream(address.substr(6)) << "precious";
  EXPECT_FALSE(RpcServer::Start(service, address).ok());
  EXPECT_EQ(std::filesystem::file_size(address.substr(6)), 8u);
  std::filesystem::remove(address.substr(6));
}

TEST(RpcStop, EndsWithRequestsRunning) {
  ScriptedService service(ScriptedService::Count, kStep);
  const std::string address = FreshAddress();
  auto server = RpcServer::Start(service, address).ReleaseValue();
  RawClient client(address);
  client.Generate(1, "a", 500);
  ASSERT_TRUE(service.WaitForRunning(1));
  server.reset();
  EXPECT_TRUE(service.WaitForCancelled(1));
}

}  // namespace
}  // namespace motley
