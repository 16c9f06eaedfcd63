#pragma once
// A service of one answer.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>

#include "base/os.h"

namespace motley {

// Takes one connection on a unix socket and says `answer`, at once or a byte every so often until
// nobody listens.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, int ms_per_byte = 0)
      : path_(testing::TempDir() + "motley-one-answer-" + std::to_string(getpid()) + ".sock") {
    unlink(path_.c_str());
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.c_str(), path_.size() + 1);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    thread_ = std::thread([this, answer = std::move(answer), ms_per_byte] {
      const Fd peer(accept(listener_.get(), nullptr, nullptr));
      char request[1024];
      const ssize_t n = read(peer.get(), request, sizeof request);
      request_.assign(request, n > 0 ? static_cast<size_t>(n) : 0);
      const size_t piece = ms_per_byte > 0 ? 1 : answer.size();
      for (size_t at = 0; at < answer.size(); at += piece) {
        if (send(peer.get(), answer.data() + at, piece, MSG_NOSIGNAL) < 0) return;
        poll(nullptr, 0, ms_per_byte);
      }
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

}  // namespace motley
