#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

bool Says(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// By the words that daemon/worker/probe.cc and the backends use.
int CodeOf(const DeviceInfo& probed) {
  const std::string& reason = probed.reason;
  if (probed.state == "quarantined") return 180;
  if (Says(reason, "took more than") || Says(reason, "timed out")) return 171;
  if (Says(reason, "ended with") || Says(reason, "answered nonsense")) return 170;
  if (Says(reason, "wrong result") || Says(reason, "wrong number")) return 172;
  if (Says(reason, "needs OpenCL")) return 173;
  if (Says(reason, "no OpenCL loader")) return 130;
  return 174;
}

}  // namespace

Findings AnswerOf(const DeviceInfo& probed) {
  if (probed.state == "ready") {
    if (!probed.name.starts_with("llvmpipe")) return {};
    return {Meet(112, "made of software: it shares the cores of cpu0 and is slower")};
  }
  const int code = CodeOf(probed);
  Finding finding = Meet(code, probed.reason.empty() ? probed.state : probed.reason,
                         {{"device", probed.id}, {"backend", probed.backend}});
  if (code == 174) {
    // The backend knows better what is wrong and what helps.
    finding.state = probed.state;
    if (!probed.fix.empty()) finding.fix = probed.fix;
  }
  return {finding};
}

}  // namespace motley
