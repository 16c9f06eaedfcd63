#pragma once
// A request as its message, and an ending from its own. Pure; any thread.

#include "client/client.h"
#include "client/proto/motley.pb.h"

namespace motley::client {

// InvalidArgument (field "prompt") unless exactly one prompt is given.
Result<v1::ClientMessage> ToMessage(const GenerateRequest& request);
Piece FromMessage(const v1::Piece& message);
Ending FromMessage(const v1::Finished& message);

}  // namespace motley::client
