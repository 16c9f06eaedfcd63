#include <fmt/format.h>

#include "client/cli/show/topology.h"

namespace motley {
namespace {

void Append(const TopologyNode& node, int number, int* next, std::string* out) {
  const std::string beside = NodeText(node);
  *out += fmt::format("  n{} [label=\"{}{}\"{}];\n", number, EscapeMarkup(node.id),
                      beside.empty() ? "" : "\\n" + EscapeMarkup(beside),
                      node.kind == "device" ? ", style=\"rounded,bold\"" : "");
  for (const TopologyNode& child : node.children) {
    const int of_child = (*next)++;
    Append(child, of_child, next, out);
    *out += fmt::format("  n{} -> n{} [label=\"{}\"];\n", number, of_child,
                        child.link ? LinkText(*child.link) : "");
  }
}

}  // namespace

std::string TopologyDot(const TopologyNode& root) {
  std::string out =
      "digraph motley {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=sans];\n"
      "  edge [fontname=sans, fontsize=10, dir=none];\n";
  int next = 1;
  Append(root, 0, &next, &out);
  return out + "}\n";
}

}  // namespace motley
