#pragma once
// A client that can misbehave: frames as the test writes them, on a bare DEALER socket.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/proto/wire.h"
#include "client/proto/zmq_socket.h"

namespace motley {

inline std::string FreshAddress() {
  static int count = 0;
  return "ipc://" + testing::TempDir() + "motley-rpc-" + std::to_string(getpid()) + "-" +
         std::to_string(++count);
}

class RawClient {
 public:
  explicit RawClient(const std::string& address)
      : socket_(rpc::ZmqSocket::Open(context_, rpc::Role::kDealer).ReleaseValue()) {
    EXPECT_TRUE(socket_.Connect(address).ok());
  }

  int SendFrames(const std::vector<std::string_view>& frames) { return socket_.Send(frames); }
  int Send(uint64_t number, const v1::ClientMessage& message) {
    return socket_.Send({rpc::kMagic, rpc::NumberFrame(number), message.SerializeAsString()});
  }
  int Generate(uint64_t number, const std::string& prompt, int tokens) {
    v1::ClientMessage message;
    message.mutable_generate()->set_text(prompt);
    message.mutable_generate()->set_max_tokens(tokens);
    message.mutable_generate()->set_temperature(0);
    return Send(number, message);
  }
  int Cancel(uint64_t number) {
    v1::ClientMessage message;
    message.mutable_cancel();
    return Send(number, message);
  }
  int Hello(uint32_t low, uint32_t high) {
    v1::ClientMessage message;
    message.mutable_hello()->set_min_version(low);
    message.mutable_hello()->set_max_version(high);
    return Send(1, message);
  }

  struct Answer {
    uint64_t number = 0;
    v1::ServerMessage message;
  };
  // The next message but signs of life; nothing within 20 s fails the test.
  Answer Next() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::vector<std::string> frames;
    while (std::chrono::steady_clock::now() < end) {
      if (!socket_.Receive(frames, 4)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      Answer answer;
      EXPECT_EQ(frames.size(), 3u);
      EXPECT_EQ(frames.at(0), rpc::kMagic);
      answer.number = rpc::ParseNumber(frames.at(1)).value_or(0);
      EXPECT_TRUE(answer.message.ParseFromString(frames.at(2)));
      if (!answer.message.has_alive()) return answer;
    }
    ADD_FAILURE() << "no answer within 20 s";
    return {};
  }
  // The end of request `number`: Finished or Failure. `text` gets what came before.
  Answer End(uint64_t number, std::string* text = nullptr) {
    while (true) {
      Answer answer = Next();
      if (testing::Test::HasFailure()) return answer;
      const bool over = answer.message.has_finished() || answer.message.has_failure();
      if (answer.number == number && over) return answer;
      if (answer.number == number && text) *text += answer.message.piece().text();
    }
  }

 private:
  rpc::ZmqContext context_;
  rpc::ZmqSocket socket_;
};

}  // namespace motley
