#include "client/cli/service/http_get.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/os.h"

namespace motley {
namespace {

constexpr size_t kMostBytes = 16 << 20;
constexpr std::string_view kUnix = "unix:", kScheme = "http://";

Fd NewSocket(int family, int timeout_ms) {
  Fd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{timeout_ms / 1000, timeout_ms % 1000 * 1000};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return fd;
}

Error Unreachable(const std::string& host, const std::string& why) {
  return Error::Unavailable("nothing answers at " + host + ": " + why);
}

Result<Fd> ConnectUnix(const std::string& host, int timeout_ms) {
  const std::string path = host.substr(kUnix.size());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) {
    return Error::Invalid("host", "\"" + host + "\" is not unix:PATH of at most " +
                                      std::to_string(sizeof name.sun_path - 1) + " bytes");
  }
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  Fd fd = NewSocket(AF_UNIX, timeout_ms);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return Unreachable(host, std::strerror(errno));
  }
  return fd;
}

Result<Fd> ConnectTcp(const std::string& host, const std::string& target, int timeout_ms) {
  const size_t colon = target.rfind(':');
  if (colon == target.npos || colon == 0 || colon + 1 == target.size()) {
    return Error::Invalid("host", "\"" + host + "\" is neither HOST:PORT nor unix:PATH");
  }
  std::string name = target.substr(0, colon);
  if (name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(name.c_str(), target.c_str() + colon + 1, &hints, &found);
  if (error != 0) return Unreachable(host, gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  std::string why = "no address";
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    Fd fd = NewSocket(a->ai_family, timeout_ms);
    if (connect(fd.get(), a->ai_addr, a->ai_addrlen) == 0) return fd;
    why = std::strerror(errno);
  }
  return Unreachable(host, why);
}

// HTTP/1.0 and Connection: close: the answer is all that comes, and comes before `deadline_ns`.
Result<std::string> Exchange(const Fd& fd, const std::string& host, const std::string& path,
                             int64_t deadline_ns) {
  const std::string request =
      "GET " + path + " HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return Unreachable(host, std::strerror(errno));
  }
  std::string answer;
  char buffer[1 << 14];
  while (answer.size() <= kMostBytes) {
    if (RealClock().NowNs() > deadline_ns) return Unreachable(host, "it takes too long");
    const ssize_t n = recv(fd.get(), buffer, sizeof buffer, 0);
    if (n == 0) return answer;
    if (n < 0 && errno != EINTR) return Unreachable(host, std::strerror(errno));
    if (n > 0) answer.append(buffer, static_cast<size_t>(n));
  }
  return Error::Unavailable(host + " answers with more than 16 MiB");
}

Error Refused(const std::string& host, const std::string& status_line, const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  std::string said = status_line;
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    said = json["error"].value("message", status_line);
  }
  return Error::Unavailable(host + " answers: " + said);
}

}  // namespace

Result<std::string> HttpGet(const std::string& host, const std::string& path, int timeout_ms) {
  const int64_t deadline_ns = RealClock().NowNs() + int64_t{timeout_ms} * 1'000'000;
  std::string target = host;
  if (target.starts_with(kScheme)) target.erase(0, kScheme.size());
  while (target.ends_with('/') && !target.starts_with(kUnix)) target.pop_back();
  const Fd fd = target.starts_with(kUnix) ? TRY(ConnectUnix(target, timeout_ms))
                                          : TRY(ConnectTcp(host, target, timeout_ms));
  const std::string answer = TRY(Exchange(fd, host, path, deadline_ns));
  const size_t head = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || head == answer.npos) {
    return Error::Unavailable(host + " does not speak HTTP");
  }
  const std::string line = answer.substr(0, answer.find("\r\n"));
  std::string body = answer.substr(head + 4);
  if (line.find(" 200 ") == line.npos) return Refused(host, line, body);
  return body;
}

}  // namespace motley
