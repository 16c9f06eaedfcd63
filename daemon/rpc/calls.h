#pragma once
// What a client can ask for, carried out: on a helper's thread, with the answers going into the
// outbox. The service must outlive every call; the outbox need not.

#include <memory>

#include "daemon/rpc/outbox.h"
#include "daemon/service.h"

namespace motley {

// Validates, tokenises and queues; everything up to Finished or Failure is pushed by the core's
// thread. A client that leaves more than 1 MiB unread is given up: its request ends.
void StartGeneration(Service& service, const v1::Generate& request,
                     const std::shared_ptr<RpcCall>& call, const std::shared_ptr<Outbox>& outbox);

void AnswerAsk(Service& service, v1::Ask::What what, const std::shared_ptr<RpcCall>& call,
               const std::shared_ptr<Outbox>& outbox);

v1::ServerMessage FailureMessage(const Error& error);
v1::ServerMessage CancelledMessage();

}  // namespace motley
