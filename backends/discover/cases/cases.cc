#include "backends/discover/cases.h"

#include <algorithm>

#include "backends/discover/cases/diagnose.h"
#include "backends/discover/cases/table.h"

namespace motley {
namespace {

constexpr size_t kColumns = 80;

// Words of `text` in lines of at most kColumns.
std::string Wrapped(std::string_view text) {
  std::string out;
  size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column > 0 && column + 1 + word.size() > kColumns) {
      out += '\n';
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

void ReplaceAll(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = [] {
    std::vector<Case> all;
    for (const auto part : {DeviceCases(), DriverCases(), VendorCases(), RuntimeCases()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return cases;
}

const Case* FindCase(int code) {
  const auto& all = Cases();
  const auto found = std::lower_bound(all.begin(), all.end(), code,
                                      [](const Case& c, int wanted) { return c.code < wanted; });
  return found != all.end() && found->code == code ? &*found : nullptr;
}

std::string CaseName(int code) { return "MOT-" + std::to_string(code); }

std::string ExplainCase(const Case& one) {
  std::string out = CaseName(one.code) + ": " + std::string(one.title) + " (" +
                    std::string(one.state) + ")\n\n" + Wrapped(one.cause) + "\n\nWhat to do:\n  ";
  out += std::string(one.fix) + "\n";
  if (one.fix.find('{') != one.fix.npos)
    out += "\nmotley doctor prints the line with this machine's names for those in {}.\n";
  return out;
}

Finding Meet(int code, std::string reason,
             std::initializer_list<std::pair<std::string_view, std::string>> words) {
  const Case* met = FindCase(code);
  if (met == nullptr) return {code, "failed", std::move(reason), "motley doctor"};
  std::string fix(met->fix);
  for (const auto& [name, value] : words) ReplaceAll(fix, "{" + std::string(name) + "}", value);
  return {code, std::string(met->state), std::move(reason), std::move(fix)};
}

Findings ForUser(const MachineFacts& facts, Findings findings) {
  if (facts.root.empty() && facts.user == "root")
    for (Finding& finding : findings) ReplaceAll(finding.fix, "sudo ", "");
  return findings;
}

}  // namespace motley
