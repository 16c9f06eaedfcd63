#pragma once
// Listening sockets: loopback TCP and unix. Any thread.

#include <cstdint>
#include <string>

#include "base/os.h"
#include "base/result.h"

namespace motley {

// "127.0.0.1:6685", "localhost:0", "[::1]:6685", "unix:/run/motley/motley.sock".
struct ListenAddress {
  enum class Family { kIpv4, kIpv6, kUnix };
  Family family = Family::kIpv4;
  std::string host;  // without brackets
  uint16_t port = 0;
  std::string path;  // kUnix
};

// InvalidArgument (field "listen") for another form, and for an address beyond this machine: there
// are no passwords here.
Result<ListenAddress> ParseListenAddress(const std::string& text);

// Owns a listening socket; a unix socket's file is removed with it.
class Listener {
 public:
  // Bound, listening, non-blocking, close-on-exec. A unix socket is made 0660; a stale one is
  // replaced only if nobody answers on it. Errors: Unavailable when taken (who holds it, if that
  // can be found, and what to do).
  static Result<Listener> Open(const ListenAddress& address);
  Listener(Listener&& other) noexcept;
  ~Listener();

  int fd() const { return fd_.get(); }
  const std::string& address() const { return address_; }  // with the real port
  uint16_t port() const { return port_; }                  // 0: unix
  bool loopback() const { return path_.empty(); }

 private:
  Listener(Fd fd, std::string address, uint16_t port, std::string path);
  Fd fd_;
  std::string address_;
  uint16_t port_ = 0;
  std::string path_;
};

}  // namespace motley
