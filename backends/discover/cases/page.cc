#include "backends/discover/cases.h"

namespace motley {
namespace {

constexpr const char* kOpening =
    "# What can keep a device from working\n\n"
    "`motley devices` and `motley doctor` name each of these by its code; `motley explain MOT-114` "
    "prints one.\nCommands are for Debian 12; {names} are filled in with the machine's own when a "
    "case is met.\n\n"
    "This page is made from the table in `backends/discover/cases/`: after a change there, run the "
    "test program\n`discover-cases_test` with `MOTLEY_UPDATE_DOCS` set, which writes it "
    "anew.\n";

struct Group {
  std::string_view state, title, meaning;
};
constexpr Group kGroups[] = {
    {"ready", "Ready, with a remark", "The device serves; something is worth knowing."},
    {"degraded", "Degraded", "It works, slower or less safely than it could."},
    {"no-driver", "No driver", "It is on the bus and no kernel module serves it."},
    {"no-access", "No access", "Its driver is there, but this user or container may not use it."},
    {"no-backend", "No backend", "Driver and nodes are there, but no library that computes on it."},
    {"failed", "Failed", "Its backend answered, and it cannot be used."},
    {"quarantined", "Quarantined", "It was used and put aside."},
};

}  // namespace

std::string CasesPage() {
  std::string out = kOpening;
  for (const Group& group : kGroups) {
    out += "\n## " + std::string(group.title) + "\n\n" + std::string(group.meaning) + "\n";
    for (const Case& one : Cases()) {
      if (one.state != group.state) continue;
      out += "\n### " + CaseName(one.code) + ": " + std::string(one.title) + "\n\n" +
             std::string(one.cause) + "\n\n    " + std::string(one.fix) + "\n";
    }
  }
  return out;
}

}  // namespace motley
