#include <cstdio>
#include <nlohmann/json.hpp>

#include "daemon/profiling/child/messages.h"
#include "daemon/profiling/profiling.h"
#include "daemon/profiling/start_child.h"

namespace motley {
namespace {

using nlohmann::json;
using profiling::StartedChild;

constexpr double kBytes = 16 << 20;
constexpr int kAnswerMs = 20'000;
constexpr int kLookMs = 100;

constexpr const char* kWays[] = {"in", "out"};

class Pair {
 public:
  Pair(const DeviceInfo& a, const DeviceInfo& b, double seconds, const std::function<bool()>& stop)
      : devices_{&a, &b}, seconds_(seconds), stop_(stop) {}

  Status Measure(OpProfile* const (&profiles)[2]) {
    for (int i = 0; i < 2; ++i) {
      children_[i] = TRY(profiling::StartChild(*devices_[i]));
      TRY(profiling::Send(children_[i].socket, {{"copies", true}}));
    }
    for (int i = 0; i < 2; ++i) TRY(MeasureAlone(i));
    for (const int a : {0, 1}) {
      for (const int b : {0, 1}) {
        TRY(Order(0, a, seconds_));
        TRY(Order(1, b, seconds_));
        const double us[2] = {TRY(Answer(0)), TRY(Answer(1))};
        Keep(0, a, b, us[0], *profiles[0]);
        Keep(1, b, a, us[1], *profiles[1]);
      }
    }
    return {};
  }

 private:
  // Opens the device with a first copy that does not count.
  Status MeasureAlone(int i) {
    for (const int way : {0, 1}) {
      for (const double seconds : {0.0, seconds_}) {
        TRY(Order(i, way, seconds));
        alone_us_[i][way] = TRY(Answer(i));
      }
    }
    return {};
  }

  // What the child said last, if anything.
  Error Failed(int i, const json& message) const {
    const std::string where = "copying to " + devices_[i]->id + " beside " + devices_[1 - i]->id;
    if (!message.contains("error")) {
      return Error::Unavailable(where + ": no answer from its process");
    }
    Error error = profiling::ErrorFromJson(message["error"]);
    error.message = where + ": " + error.message;
    return error;
  }

  Status Order(int i, int way, double seconds) {
    const Status sent = profiling::Send(
        children_[i].socket,
        {{"copy", {{"direction", kWays[way]}, {"bytes", kBytes}, {"seconds", seconds}}}});
    if (sent.ok()) return {};
    auto last = profiling::Receive(children_[i].socket, 0);
    return Failed(i, last.ok() ? *last : json::object());
  }

  Result<double> Answer(int i) {
    for (int waited = 0; waited < kAnswerMs; waited += kLookMs) {
      if (stop_ && stop_()) return Error{Code::kCancelled, "stopped"};
      auto message = profiling::Receive(children_[i].socket, kLookMs);
      if (!message.ok() && message.error().code == Code::kCancelled) continue;
      if (!message.ok()) break;
      const json copied = message->value("copied", json::object());
      const double us = copied.is_object() ? copied.value("us", 0.0) : 0.0;
      if (!(us > 0)) return Failed(i, *message);
      return us;
    }
    return Failed(i, json::object());
  }

  void Keep(int i, int mine, int other, double us, OpProfile& profile) const {
    const double alone = alone_us_[i][mine];
    OpPoint point;
    point.sweep = "copy.with." + devices_[1 - i]->id;
    point.where = std::string(kWays[mine]) + " beside " + kWays[other];
    point.x = point.bytes = kBytes;
    point.us = us;
    char note[96];
    std::snprintf(note, sizeof note, "%s: %.2f GB/s, alone %.2f", point.where.c_str(),
                  kBytes / us * 1e-3, kBytes / alone * 1e-3);
    point.note = note;
    profile.points.push_back(point);
  }

  const DeviceInfo* devices_[2];
  const double seconds_;
  const std::function<bool()>& stop_;
  StartedChild children_[2];
  double alone_us_[2][std::size(kWays)] = {};
};

}  // namespace

Status MeasurePair(const DeviceInfo& a, const DeviceInfo& b, double seconds,
                   const std::function<bool()>& stop, OpProfile& of_a, OpProfile& of_b) {
  return Pair(a, b, seconds, stop).Measure({&of_a, &of_b});
}

}  // namespace motley
