#include "client/cli/show/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "client/cli/output.h"
#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr const char* kHost = "host";
constexpr double kTooSlow = 0.5, kTooFast = 1.05;  // measured, of what the links carry

// From the machine down to a device.
using Path = std::vector<const TopologyNode*>;

void CollectPaths(const TopologyNode& node, Path above, std::map<std::string, Path>* paths,
                  std::vector<std::string>* ids) {
  above.push_back(&node);
  if (node.kind == "device" && paths->emplace(node.id, above).second) ids->push_back(node.id);
  for (const TopologyNode& child : node.children) CollectPaths(child, above, paths, ids);
}

bool OnBus(const Path& path) {
  return std::ranges::any_of(path, [](const TopologyNode* node) { return node->link.has_value(); });
}

// The narrowest of the links from `first` on; 0: none is known.
double Narrowest(const Path& path, size_t first, double so_far) {
  for (size_t i = first; i < path.size(); ++i) {
    const double bytes = path[i]->link ? LinkBytesPerSecond(*path[i]->link) : 0;
    if (bytes > 0 && (so_far == 0 || bytes < so_far)) so_far = bytes;
  }
  return so_far;
}

// How many nodes both ways have in common, from the machine down.
size_t Shared(const Path& a, const Path& b) {
  size_t shared = 0;
  while (shared < a.size() && shared < b.size() && a[shared] == b[shared]) ++shared;
  return shared;
}

MatrixPair PairOf(const std::string& from, const std::string& to, const Path& a, const Path& b) {
  MatrixPair pair{from, to};
  if (a.empty() || b.empty()) return pair;
  const size_t shared = Shared(a, b);
  pair.bytes_per_s = Narrowest(b, shared, Narrowest(a, shared, 0));
  const TopologyNode& meeting = *a[shared - 1];
  const bool on_bus = meeting.kind == "port" || meeting.kind == "switch";
  pair.via = on_bus ? meeting.id : kHost;
  pair.staged = !on_bus && OnBus(a) && OnBus(b);
  return pair;
}

int LeastKnown(int a, int b) { return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b); }

// Of a link that could be faster as card and slot are.
void JudgeLinks(const TopologyNode& node, std::vector<MatrixFinding>* findings) {
  if (node.link && node.link->generation > 0 && node.link->lanes > 0) {
    const PciLink& link = *node.link;
    const int lanes = LeastKnown(link.max_lanes, link.slot_lanes);
    const int generation = LeastKnown(link.max_generation, link.slot_generation);
    const std::string now = fmt::format("trained at gen{} x{}, gen{} x{} is possible",
                                        link.generation, link.lanes, generation, lanes);
    if (link.lanes < lanes) {
      findings->push_back({node.id, now, "motley explain MOT-114"});
    } else if (link.generation < generation) {
      findings->push_back({node.id, now,
                           "look again while it works: idle cards slow their link; "
                           "else motley explain MOT-113"});
    }
  }
  for (const TopologyNode& child : node.children) JudgeLinks(child, findings);
}

void JudgePair(MatrixPair* pair, std::vector<MatrixFinding>* findings) {
  const double part = pair->bytes_per_s > 0 && pair->measured_bytes_per_s > 0
                          ? pair->measured_bytes_per_s / pair->bytes_per_s
                          : 1;
  const std::string where = pair->from + " -> " + pair->to;
  const std::string numbers =
      fmt::format("measured {:.1f} GB/s, the links carry {:.1f}", pair->measured_bytes_per_s * 1e-9,
                  pair->bytes_per_s * 1e-9);
  // Two copies, one after the other, may well take twice as long.
  if (part < kTooSlow && !pair->staged) {
    findings->push_back(
        {where, numbers, "motley profile --only copy  # with nothing else running"});
    pair->suspicious = true;
  } else if (part > kTooFast) {
    findings->push_back(
        {where, numbers, "the link slept when it was read, or the profile is of another slot"});
    pair->suspicious = true;
  }
}

// Empty: a device that the tree does not have.
Path PathOf(const std::map<std::string, Path>& paths, const std::string& id) {
  const auto found = paths.find(id);
  return found == paths.end() ? Path() : found->second;
}

// Whether a slow link lies on the way, which begins where the path is no longer `shared`.
bool Crosses(const Path& path, size_t shared, const std::vector<MatrixFinding>& findings) {
  return std::any_of(path.begin() + static_cast<std::ptrdiff_t>(shared), path.end(),
                     [&](const TopologyNode* node) {
                       return std::ranges::find(findings, node->id, &MatrixFinding::where) !=
                              findings.end();
                     });
}

std::string Cell(const LinkMatrix& matrix, const std::string& from, const std::string& to) {
  if (from == to) return "";
  const auto pair = std::ranges::find_if(
      matrix.pairs, [&](const MatrixPair& p) { return p.from == from && p.to == to; });
  const auto rate = [](double bytes_per_s) {
    return bytes_per_s > 0 ? fmt::format("{:.1f}", bytes_per_s * 1e-9) : std::string("?");
  };
  if (pair->measured_bytes_per_s <= 0 && pair->bytes_per_s <= 0) return "-";
  std::string text = rate(pair->measured_bytes_per_s) + "/" + rate(pair->bytes_per_s);
  if (pair->measured_bytes_per_s > 0) text += fmt::format(" {:.1f}us", pair->measured_us);
  if (pair->staged) text += " h";
  if (pair->suspicious) text += " !";
  return text;
}

Table TableOf(const LinkMatrix& matrix) {
  std::vector<std::string> header{"FROM \\ TO"};
  header.insert(header.end(), matrix.ends.begin(), matrix.ends.end());
  Table table(header);
  for (const std::string& from : matrix.ends) {
    std::vector<std::string> row{from};
    for (const std::string& to : matrix.ends) row.push_back(Cell(matrix, from, to));
    table.Add(std::move(row));
  }
  return table;
}

constexpr const char* kLegend =
    "GB/s measured/at most by the links, latency; ?, -: not known, h: through host memory, !: see "
    "below";

}  // namespace

LinkMatrix BuildMatrix(const TopologyNode& root, const std::vector<LinkProfile>& measured) {
  LinkMatrix matrix;
  std::map<std::string, Path> paths{{kHost, {&root}}};
  matrix.ends.push_back(kHost);
  CollectPaths(root, {}, &paths, &matrix.ends);
  for (const LinkProfile& link : measured) {
    for (const std::string& id : {link.from, link.to}) {
      if (std::ranges::find(matrix.ends, id) == matrix.ends.end()) matrix.ends.push_back(id);
    }
  }
  JudgeLinks(root, &matrix.findings);
  const std::vector<MatrixFinding> slow_links = matrix.findings;
  for (const std::string& from : matrix.ends) {
    for (const std::string& to : matrix.ends) {
      if (from == to) continue;
      const Path a = PathOf(paths, from), b = PathOf(paths, to);
      const size_t shared = Shared(a, b);
      MatrixPair pair = PairOf(from, to, a, b);
      pair.suspicious = Crosses(a, shared, slow_links) || Crosses(b, shared, slow_links);
      for (const LinkProfile& link : measured) {
        if (link.from != from || link.to != to) continue;
        pair.measured_bytes_per_s = link.bytes_per_s;
        pair.measured_us = link.latency_us;
      }
      JudgePair(&pair, &matrix.findings);
      matrix.pairs.push_back(std::move(pair));
    }
  }
  return matrix;
}

std::string MatrixText(const LinkMatrix& matrix) {
  std::string out = TableOf(matrix).Text() + "\n" + kLegend + "\n";
  for (const MatrixFinding& finding : matrix.findings) {
    const std::string line = finding.where + ": " + finding.reason + "    " + finding.fix;
    out += "! " + Plain(line, Utf8Locale()) + "\n";
  }
  return out;
}

std::string MatrixMarkdown(const LinkMatrix& matrix) {
  std::string out = TableOf(matrix).Markdown() + "\n" + kLegend + "\n";
  if (!matrix.findings.empty()) out += "\n";
  for (const MatrixFinding& finding : matrix.findings) {
    out += fmt::format("- {}: {} ({})\n", finding.where, finding.reason, finding.fix);
  }
  return out;
}

json ToJson(const LinkMatrix& matrix) {
  const auto known = [](double number) { return number > 0 ? json(number) : json(nullptr); };
  json out{{"schema", "motley.matrix/1"},
           {"ends", matrix.ends},
           {"pairs", json::array()},
           {"findings", json::array()}};
  for (const MatrixPair& pair : matrix.pairs) {
    const bool measured = pair.measured_bytes_per_s > 0;
    out["pairs"].push_back(
        {{"from", pair.from},
         {"to", pair.to},
         {"bytes_per_s", known(pair.bytes_per_s)},
         {"via", pair.via.empty() ? json(nullptr) : json(pair.via)},
         {"staged", pair.staged},
         {"measured_bytes_per_s", known(pair.measured_bytes_per_s)},
         {"measured_latency_us", measured ? NumberOrNull(pair.measured_us) : json(nullptr)},
         {"suspicious", pair.suspicious}});
  }
  for (const MatrixFinding& finding : matrix.findings) {
    out["findings"].push_back(
        {{"where", finding.where}, {"reason", finding.reason}, {"fix", finding.fix}});
  }
  return out;
}

}  // namespace motley
