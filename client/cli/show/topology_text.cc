#include <fmt/format.h>

#include "base/bytes.h"
#include "client/cli/output.h"
#include "client/cli/show/topology.h"

namespace motley {
namespace {

struct Strokes {
  const char *fork, *last, *through, *line;
  bool utf8;
};
constexpr Strokes kUnicode = {"├─ ", "└─ ", "│  ", "─", true};
constexpr Strokes kAscii = {"+- ", "`- ", "|  ", "-", false};

void Append(const TopologyNode& node, const std::string& indent, const Strokes& strokes,
            std::string* out) {
  for (size_t i = 0; i < node.children.size(); ++i) {
    const TopologyNode& child = node.children[i];
    const bool last = i + 1 == node.children.size();
    *out += indent + (last ? strokes.last : strokes.fork);
    if (const std::string link = child.link ? LinkText(*child.link) : ""; !link.empty()) {
      *out += fmt::format("[{}]{} ", link, strokes.line);
    }
    const std::string beside = NodeText(child);
    const std::string text = child.id + (beside.empty() ? "" : "  " + beside);
    *out += Plain(text, strokes.utf8) + "\n";
    Append(child, indent + (last ? "   " : strokes.through), strokes, out);
  }
}

}  // namespace

std::string LinkText(const PciLink& link) {
  if (link.generation == 0 || link.lanes == 0) return {};
  std::string text = fmt::format("gen{} x{} {:.1f} GB/s", link.generation, link.lanes,
                                 LinkBytesPerSecond(link) * 1e-9);
  const bool below = link.max_generation > link.generation || link.max_lanes > link.lanes;
  if (below) {
    text += fmt::format(", of gen{} x{}", std::max(link.max_generation, link.generation),
                        std::max(link.max_lanes, link.lanes));
  }
  return text;
}

std::string NodeText(const TopologyNode& node) {
  std::string text = node.label;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (node.memory_bytes > 0) add(FormatBytes(node.memory_bytes));
  if (!node.state.empty() && node.state != "ready") add(node.state);
  return text;
}

std::string TopologyText(const TopologyNode& root, bool unicode) {
  std::string out = Plain(root.id + (root.label.empty() ? "" : "  " + root.label), unicode) + "\n";
  Append(root, "", unicode ? kUnicode : kAscii, &out);
  return out;
}

}  // namespace motley
