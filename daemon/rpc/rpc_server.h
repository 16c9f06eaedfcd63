#pragma once
// The native door: ZeroMQ and protobuf for programs of this machine (docs/protocol.md). One thread
// owns the socket, a few helpers prepare requests; nothing here waits for a device or a client.
// Owned by main(); Start and the destructor from one thread.

#include <memory>
#include <string>

#include "base/result.h"
#include "daemon/service.h"

namespace motley {

// What one client and all together may have running.
inline constexpr size_t kMaxRequestsOfClient = 64;
inline constexpr size_t kMaxRpcRequests = 1024;

class RpcServer {
 public:
  // `address` is ipc:///absolute/path. `service` must outlive the server. Errors: InvalidArgument
  // (field "rpc") for another transport, as there are no passwords here, and for a path that is
  // relative, too long or taken by another file; Unavailable when a server listens there already.
  static Result<std::unique_ptr<RpcServer>> Start(Service& service, const std::string& address);
  // Cancels what runs, removes the socket's file.
  virtual ~RpcServer() = default;
  virtual const std::string& address() const = 0;
};

}  // namespace motley
