#include "daemon/http/server/listen.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "daemon/http/server/port_holder.h"

namespace motley {
namespace {

constexpr int kBacklog = 1024;

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un unix_path;
};

Error BadAddress(const std::string& text, const std::string& why) {
  return Error::Invalid("listen", fmt::format("cannot listen on \"{}\": {}", text, why))
      .Fix("use 127.0.0.1:PORT, [::1]:PORT or unix:PATH");
}

Result<uint16_t> ParsePort(const std::string& text, const std::string& port) {
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    return BadAddress(text, fmt::format("\"{}\" is no port from 0 to 65535", port));
  }
  return number;
}

Result<socklen_t> Fill(const ListenAddress& address, SocketAddress& out) {
  std::memset(&out, 0, sizeof out);
  switch (address.family) {
    case ListenAddress::Family::kIpv4:
      out.v4.sin_family = AF_INET;
      out.v4.sin_port = htons(address.port);
      inet_pton(AF_INET, address.host.c_str(), &out.v4.sin_addr);
      return static_cast<socklen_t>(sizeof out.v4);
    case ListenAddress::Family::kIpv6:
      out.v6.sin6_family = AF_INET6;
      out.v6.sin6_port = htons(address.port);
      inet_pton(AF_INET6, address.host.c_str(), &out.v6.sin6_addr);
      return static_cast<socklen_t>(sizeof out.v6);
    case ListenAddress::Family::kUnix:
      break;
  }
  if (address.path.size() >= sizeof out.unix_path.sun_path) {
    return BadAddress("unix:" + address.path,
                      fmt::format("the path has {} bytes, at most {}", address.path.size(),
                                  sizeof out.unix_path.sun_path - 1));
  }
  out.unix_path.sun_family = AF_UNIX;
  std::memcpy(out.unix_path.sun_path, address.path.data(), address.path.size());
  return static_cast<socklen_t>(sizeof out.unix_path);
}

Result<Fd> NewSocket(const SocketAddress& address) {
  Fd fd(socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoError("cannot make a socket", errno);
  return fd;
}

// Removes a unix socket's file that no process answers on any more.
Status RemoveStale(const std::string& path, const SocketAddress& address, socklen_t length) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return {};  // bind will say what is wrong, if anything
  if (!S_ISSOCK(info.st_mode)) return BadAddress("unix:" + path, "the file is not a socket");
  const Fd probe = TRY(NewSocket(address));
  if (connect(probe.get(), &address.any, length) == 0 || errno != ECONNREFUSED) {
    return Error::Unavailable(fmt::format("{} is in use: a process answers on it", path))
        .Fix("stop that process or listen elsewhere with --listen");
  }
  unlink(path.c_str());
  return {};
}

Error BindError(const ListenAddress& address, int error_number) {
  if (error_number != EADDRINUSE || address.family == ListenAddress::Family::kUnix) {
    return ErrnoError(
        fmt::format("cannot listen on {}", address.path.empty() ? address.host : address.path),
        error_number);
  }
  const std::string holder = PortHolder(address.port);
  return Error::Unavailable(fmt::format("port {} is in use{}", address.port,
                                        holder.empty() ? "" : " by " + holder))
      .Fix("stop it, or choose another port with --listen (port 0 takes any free one)");
}

uint16_t BoundPort(int fd) {
  SocketAddress bound;
  socklen_t length = sizeof bound;
  if (getsockname(fd, &bound.any, &length) != 0) return 0;
  return ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
}

}  // namespace

Result<ListenAddress> ParseListenAddress(const std::string& text) {
  if (text.starts_with("unix:")) {
    ListenAddress address{.family = ListenAddress::Family::kUnix, .path = text.substr(5)};
    if (address.path.empty()) return BadAddress(text, "the path is missing");
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return BadAddress(text, "there is no port");
  ListenAddress address{.host = text.substr(0, colon)};
  address.port = TRY(ParsePort(text, text.substr(colon + 1)));
  if (address.host == "localhost") address.host = "127.0.0.1";
  if (address.host == "[::1]") {
    address.host = "::1";
    address.family = ListenAddress::Family::kIpv6;
    return address;
  }
  in_addr parsed;
  if (inet_pton(AF_INET, address.host.c_str(), &parsed) != 1) {
    return BadAddress(text, "it is no address of this machine's loopback");
  }
  if ((ntohl(parsed.s_addr) >> 24) != 127) {
    return BadAddress(text, "anybody on the network could use it, and there are no passwords");
  }
  return address;
}

Result<Listener> Listener::Open(const ListenAddress& address) {
  SocketAddress where;
  const socklen_t length = TRY(Fill(address, where));
  const bool is_unix = address.family == ListenAddress::Family::kUnix;
  if (is_unix) TRY(RemoveStale(address.path, where, length));
  Fd fd = TRY(NewSocket(where));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Before bind, so that at no moment anybody else may connect; the umask still applies, hence
  // chmod below.
  if (is_unix) fchmod(fd.get(), 0660);
  if (bind(fd.get(), &where.any, length) != 0) return BindError(address, errno);
  if (is_unix && chmod(address.path.c_str(), 0660) != 0) {
    return ErrnoError("cannot set the rights of " + address.path, errno);
  }
  if (listen(fd.get(), kBacklog) != 0) return BindError(address, errno);
  if (is_unix) return Listener(std::move(fd), "unix:" + address.path, 0, address.path);
  const uint16_t port = BoundPort(fd.get());
  const bool v6 = address.family == ListenAddress::Family::kIpv6;
  std::string name = fmt::format("{}:{}", v6 ? "[" + address.host + "]" : address.host, port);
  return Listener(std::move(fd), std::move(name), port, "");
}

Listener::Listener(Fd fd, std::string address, uint16_t port, std::string path)
    : fd_(std::move(fd)), address_(std::move(address)), port_(port), path_(std::move(path)) {}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::move(other.fd_)),
      address_(std::move(other.address_)),
      port_(other.port_),
      path_(std::exchange(other.path_, "")) {}

Listener::~Listener() {
  if (fd_.valid() && !path_.empty()) unlink(path_.c_str());
}

}  // namespace motley
