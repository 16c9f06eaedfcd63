#include "daemon/profiling/child/child.h"

#include <nlohmann/json.hpp>

#include "daemon/profiling/child/copies.h"
#include "daemon/profiling/child/messages.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr int kOptionsMs = 10'000;
constexpr int64_t kProgressNs = 50'000'000;

Result<SelfTest> Profile(const Fd& socket, const std::string& backend_name,
                         const std::string& device_id) {
  const json request = TRY(profiling::Receive(socket, kOptionsMs));
  const ProfileOptions options = TRY(profiling::OptionsFromJson(request));
  const auto backend = TRY(LoadBackend(backend_name));
  const auto device = TRY(backend->Open(device_id, {}));
  if (request.contains("copies")) {
    TRY(profiling::ServeCopies(socket, *device));
    return SelfTest();
  }
  ProfileSink sink;
  sink.point = [&](const OpPoint& point) {
    (void)profiling::Send(socket, {{"point", ToJson(point)}});
  };
  sink.skipped = [&](const SkippedSweep& skipped) {
    (void)profiling::Send(socket,
                          {{"skipped", {{"sweep", skipped.sweep}, {"reason", skipped.reason}}}});
  };
  int64_t told = 0;
  sink.progress = [&](const std::string& sweep, double part) {
    const int64_t now = RealClock().NowNs();
    if (now - told < kProgressNs) return;
    told = now;
    (void)profiling::Send(socket, {{"progress", {{"sweep", sweep}, {"part", part}}}});
  };
  // A word from the parent, or its end.
  bool told_to_stop = false;
  sink.stop = [&] {
    if (told_to_stop) return true;
    const auto word = profiling::Receive(socket, 0);
    return told_to_stop = word.ok() || word.error().code != Code::kCancelled;
  };
  return RunProfile(*device, options, sink, RealClock());
}

}  // namespace

int RunProfileChild(const std::string& backend, const std::string& device) {
  const Fd socket(profiling::kProfileFd);
  const auto test = Profile(socket, backend, device);
  const json last = test.ok() ? json{{"self_test", ToJson(*test)}}
                              : json{{"error", profiling::ToJson(test.error())}};
  return profiling::Send(socket, last).ok() && test.ok() ? 0 : 1;
}

}  // namespace motley
