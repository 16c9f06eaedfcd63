#pragma once
// What both ends of the native protocol agree on besides the messages: frames, limits, and an Error
// as a Failure. Pure; any thread. Described in docs/protocol.md.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "client/proto/motley.pb.h"

namespace motley::rpc {

inline constexpr uint32_t kVersion = 1;
// The first frame of every message; the second is the request's number, the third the protobuf.
inline constexpr std::string_view kMagic = "motley/1";
inline constexpr std::string_view kAnyVersion = "motley/";

inline constexpr int64_t kMaxMessageBytes = 8 << 20;
inline constexpr int kHighWaterMark = 64;  // messages waiting in each direction of a connection
inline constexpr int kHeartbeatMs = 5'000;
inline constexpr int kSilenceMs = 15'000;  // without a sign of life the other end is gone

// A request's number as a frame: 8 bytes, little-endian.
std::string NumberFrame(uint64_t number);
// Nothing when the frame has another length.
std::optional<uint64_t> ParseNumber(std::string_view frame);

v1::Failure ToFailure(const Error& error);
Error FromFailure(const v1::Failure& failure);

}  // namespace motley::rpc
