#pragma once
// What motley and the child that profiles say to each other, as JSON on a socket of packets. Plain
// data; any thread.
//
//   to the child      the options, once; any later message asks it to stop. Or {"copies":true}, and
//                     then what copies.h says
//   from the child    {"point":{...}}  {"skipped":{...}}  {"progress":{"sweep","part"}}, and last
//                     {"self_test":{...}} or {"error":{...}}

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "backends/profiler.h"
#include "base/os.h"

namespace motley::profiling {

inline constexpr int kProfileFd = 3;  // the child's end
inline constexpr size_t kMessageLimit = 1 << 16;

nlohmann::json ToJson(const ProfileOptions& options);
Result<ProfileOptions> OptionsFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Error& error);
Error ErrorFromJson(const nlohmann::json& json);

Status Send(const Fd& socket, const nlohmann::json& message);
// Errors: as ReceiveMessage of base/os.h, and Internal for what is no JSON object.
Result<nlohmann::json> Receive(const Fd& socket, int timeout_ms);

}  // namespace motley::profiling
