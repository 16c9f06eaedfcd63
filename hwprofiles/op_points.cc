#include "hwprofiles/op_points.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

Result<OpPoint> ReadPoint(const JsonFields& fields) {
  OpPoint point;
  point.sweep = TRY(fields.Text("sweep"));
  point.op = TRY(fields.TextOr("op", ""));
  point.type = TRY(fields.TextOr("type", ""));
  point.where = TRY(fields.Text("where"));
  point.x = TRY(fields.Positive("x"));
  point.bytes = TRY(fields.Number("bytes"));
  point.flops = TRY(fields.Number("flops"));
  point.us = TRY(fields.Positive("us"));
  point.spread = TRY(fields.NumberOr("spread", 0));
  point.waited = TRY(fields.NumberOr("waited", 0));
  point.samples = TRY(fields.IntegerOr("samples", 0));
  point.left_out = TRY(fields.IntegerOr("left_out", 0));
  point.attempts = TRY(fields.IntegerOr("attempts", 1));
  point.note = TRY(fields.TextOr("note", ""));
  return point;
}

Result<SelfTest> ReadSelfTest(const JsonFields& fields) {
  SelfTest test;
  test.cases = TRY(fields.IntegerOr("cases", 0));
  test.op = TRY(fields.TextOr("op", ""));
  test.type = TRY(fields.TextOr("type", ""));
  test.reason = TRY(fields.TextOr("reason", ""));
  return test;
}

json TextOrNull(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

Status ReadDevice(const JsonFields& fields, OpProfile& profile) {
  profile.id = TRY(fields.Text("id"));
  profile.kind = TRY(fields.TextOr("kind", "other"));
  profile.name = TRY(fields.TextOr("name", profile.id));
  profile.uuid = TRY(fields.TextOr("uuid", ""));
  profile.driver = TRY(fields.TextOr("driver", ""));
  profile.kernels = TRY(fields.TextOr("kernels", ""));
  profile.memory_bytes = TRY(fields.NumberOr("memory_bytes", 0));
  profile.usable_bytes = TRY(fields.NumberOr("usable_bytes", profile.memory_bytes));
  return {};
}

}  // namespace

bool Disturbed(const OpPoint& point) {
  return point.waited > kDisturbedWait || point.spread > kDisturbedSpread;
}

json ToJson(const OpPoint& p) {
  return {{"sweep", p.sweep},
          {"op", TextOrNull(p.op)},
          {"type", TextOrNull(p.type)},
          {"where", p.where},
          {"x", p.x},
          {"bytes", p.bytes},
          {"flops", p.flops},
          {"us", p.us},
          {"spread", p.spread},
          {"waited", p.waited},
          {"samples", p.samples},
          {"left_out", p.left_out},
          {"attempts", p.attempts},
          {"note", TextOrNull(p.note)}};
}

json ToJson(const SelfTest& test) {
  return {{"ok", test.ok()},
          {"cases", test.cases},
          {"op", TextOrNull(test.op)},
          {"type", TextOrNull(test.type)},
          {"reason", TextOrNull(test.reason)}};
}

json ToJson(const OpProfile& profile) {
  json out{{"schema", "motley.profile/1"},
           {"id", profile.id},
           {"kind", profile.kind},
           {"name", profile.name},
           {"uuid", profile.uuid},
           {"driver", TextOrNull(profile.driver)},
           {"kernels", profile.kernels},
           {"memory_bytes", profile.memory_bytes},
           {"usable_bytes", profile.usable_bytes},
           {"measured_at_s", profile.measured_at_s},
           {"self_test", ToJson(profile.self_test)},
           {"points", json::array()},
           {"skipped", json::array()}};
  for (const OpPoint& point : profile.points) out["points"].push_back(ToJson(point));
  for (const SkippedSweep& s : profile.skipped) {
    out["skipped"].push_back({{"sweep", s.sweep}, {"reason", s.reason}});
  }
  return out;
}

Result<OpPoint> OpPointFromJson(const json& value, const std::string& path) {
  return ReadPoint(TRY(JsonFields::Of(value, path)));
}

Result<SelfTest> SelfTestFromJson(const json& value, const std::string& path) {
  return ReadSelfTest(TRY(JsonFields::Of(value, path)));
}

Result<OpProfile> OpProfileFromJson(const json& document) {
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  TRY(fields.CheckSchema("profile", 1));
  OpProfile profile;
  TRY(ReadDevice(fields, profile));
  profile.measured_at_s = static_cast<int64_t>(TRY(fields.NumberOr("measured_at_s", 0)));
  if (fields.Has("self_test")) {
    profile.self_test = TRY(ReadSelfTest(TRY(fields.Object("self_test"))));
  }
  const auto points = TRY(fields.Objects("points"));
  for (const JsonFields& point : points) profile.points.push_back(TRY(ReadPoint(point)));
  const auto skipped = TRY(fields.ObjectsOr("skipped"));
  for (const JsonFields& entry : skipped) {
    SkippedSweep sweep;
    sweep.sweep = TRY(entry.Text("sweep"));
    sweep.reason = TRY(entry.TextOr("reason", ""));
    profile.skipped.push_back(std::move(sweep));
  }
  return profile;
}

void MergeInto(OpProfile newer, OpProfile& into) {
  std::vector<OpPoint> points = std::move(into.points);
  for (OpPoint& point : newer.points) {
    const auto same = std::ranges::find_if(
        points, [&](const OpPoint& p) { return p.sweep == point.sweep && p.where == point.where; });
    if (same != points.end()) {
      *same = std::move(point);
    } else {
      points.push_back(std::move(point));
    }
  }
  if (newer.self_test.ok()) newer.self_test.cases += into.self_test.cases;
  into = std::move(newer);
  into.points = std::move(points);
}

}  // namespace motley
