#pragma once
// A client that says exactly what it is told, byte by byte: for requests no library would send.
// Blocking; gives up after 20 s of silence.

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace motley {

struct RawAnswer {
  int status = 0;                              // 0: the connection ended before an answer
  std::map<std::string, std::string> headers;  // names as sent
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

class RawClient {
 public:
  explicit RawClient(uint16_t port, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience = {20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0)
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  RawClient(const RawClient&) = delete;
  ~RawClient() { Close(); }

  bool connected() const { return connected_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void CloseSending() { shutdown(fd_, SHUT_WR); }
  // False once the server has closed.
  bool Say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void Post(std::string_view path, std::string_view body, std::string_view headers = "") {
    Say("POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  void Get(std::string_view path, std::string_view headers = "") {
    Say("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
        "\r\n");
  }

  // Until `mark` has come, which is included; all there is if the server closes first.
  std::string ReadUntil(std::string_view mark) {
    size_t at;
    while ((at = input_.find(mark)) == input_.npos && More()) {
    }
    return Take(at == input_.npos ? input_.size() : at + mark.size());
  }
  std::string ReadToEnd() {
    while (More()) {
    }
    return Take(input_.size());
  }
  RawAnswer ReadHead() {
    RawAnswer answer;
    const std::string head = ReadUntil("\r\n\r\n");
    if (!head.starts_with("HTTP/1.1 ")) return answer;
    answer.status = std::atoi(head.c_str() + 9);
    for (size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const size_t colon = head.find(": ", at), end = head.find("\r\n", at);
      answer.headers[head.substr(at, colon - at)] = head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    return answer;
  }
  // One chunk of a chunked body; empty at its end.
  std::string ReadChunk() {
    const size_t size = std::strtoul(ReadUntil("\r\n").c_str(), nullptr, 16);
    while (input_.size() < size + 2 && More()) {
    }
    const std::string data = Take(size);
    Take(2);
    return data;
  }
  RawAnswer Read() {
    RawAnswer answer = ReadHead();
    if (answer.headers.contains("Transfer-Encoding")) {
      for (std::string chunk = ReadChunk(); !chunk.empty(); chunk = ReadChunk())
        answer.body += chunk;
    } else if (answer.headers.contains("Content-Length")) {
      const size_t size = std::strtoul(answer.headers["Content-Length"].c_str(), nullptr, 10);
      while (input_.size() < size && More()) {
      }
      answer.body = Take(size);
    }
    return answer;
  }

 private:
  bool More() {
    char data[65536];
    const ssize_t got = recv(fd_, data, sizeof data, 0);
    if (got <= 0) return false;
    input_.append(data, static_cast<size_t>(got));
    return true;
  }
  std::string Take(size_t size) {
    std::string out = input_.substr(0, size);
    input_.erase(0, size);
    return out;
  }

  int fd_;
  bool connected_ = false;
  std::string input_;
};

}  // namespace motley
