#include <fmt/format.h>

#include <algorithm>

#include "client/cli/show/topology.h"

namespace motley {
namespace {

constexpr int kWidth = 1280, kMargin = 24, kRow = 64, kBoxHeight = 46, kGap = 150;
constexpr double kCharacter = 7.2;  // of a 12 px sans font, generously

constexpr const char* kStyle = R"(<style>
  .page { fill: #ffffff } text { font: 12px sans-serif; fill: #1b1f24 } .id { font-weight: 600 }
  .dim { fill: #57606a; font-size: 11px } .box { fill: #f6f8fa; stroke: #8c959f }
  .ready { stroke: #0a7d55; stroke-width: 2 } .trouble { stroke: #b35900; stroke-width: 2; stroke-dasharray: 5 3 }
  .edge { stroke: #8c959f; fill: none }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .dim { fill: #9aa4af } .box { fill: #161b22; stroke: #6e7681 }
    .ready { stroke: #3fb68b } .trouble { stroke: #e3913d } .edge { stroke: #6e7681 }
  }
</style>)";

int Depth(const TopologyNode& node) {
  int deepest = 0;
  for (const TopologyNode& child : node.children) deepest = std::max(deepest, Depth(child));
  return deepest + 1;
}

int Leaves(const TopologyNode& node) {
  int sum = 0;
  for (const TopologyNode& child : node.children) sum += Leaves(child);
  return std::max(sum, 1);
}

class Picture {
 public:
  explicit Picture(const TopologyNode& root)
      : columns_(Depth(root)), box_((kWidth - 2.0 * kMargin - kGap * (columns_ - 1)) / columns_) {
    const int height = Leaves(root) * kRow + 2 * kMargin;
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\">\n{2}\n<rect class=\"page\" width=\"{0}\" height=\"{1}\"/>\n",
        kWidth, height, kStyle);
    Draw(root, 0, kMargin);
    out_ += "</svg>\n";
  }
  std::string Take() { return std::move(out_); }

 private:
  // Draws a sub-tree into its rows from `top` on; returns the middle of its box.
  double Draw(const TopologyNode& node, int column, double top) {
    const double middle = top + Leaves(node) * kRow / 2.0;
    const double x = kMargin + column * (box_ + kGap);
    for (const TopologyNode& child : node.children) {
      const double to = Draw(child, column + 1, top);
      Edge(child, x + box_, middle, to);
      top += Leaves(child) * kRow;
    }
    Box(node, x, middle);
    return middle;
  }

  void Edge(const TopologyNode& child, double x, double from, double to) {
    const double bytes = child.link ? LinkBytesPerSecond(*child.link) : 0;
    const double width = bytes > 0 ? std::clamp(bytes / 8e9, 1.0, 8.0) : 1.0;
    const double bend = x + 28;
    out_ += fmt::format(
        "<path class=\"edge\" stroke-width=\"{:.1f}\" d=\"M{:.1f} {:.1f} C{:.1f} {:.1f} {:.1f} "
        "{:.1f} "
        "{:.1f} {:.1f} H{:.1f}\"/>\n",
        width, x, from, x + 14, from, x + 14, to, bend, to, x + kGap);
    if (!child.link) return;
    const std::string text = LinkText(*child.link);
    const size_t comma = text.find(", ");
    out_ += fmt::format("<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", bend + 2,
                        to - 6 - width / 2, EscapeMarkup(text.substr(0, comma)));
    if (comma == std::string::npos) return;
    out_ += fmt::format("<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", bend + 2,
                        to + 13 + width / 2, EscapeMarkup(text.substr(comma + 2)));
  }

  void Box(const TopologyNode& node, double x, double middle) {
    const char* tone = node.kind != "device"                         ? ""
                       : node.state == "ready" || node.state.empty() ? " ready"
                                                                     : " trouble";
    out_ += fmt::format(
        "<rect class=\"box{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" "
        "rx=\"6\"/>\n",
        tone, x, middle - kBoxHeight / 2.0, box_, kBoxHeight);
    const std::string beside = NodeText(node);
    const double first = beside.empty() ? middle + 4 : middle - 4;
    Text("id", x + 10, first, node.id);
    if (!beside.empty()) Text("dim", x + 10, middle + 14, beside);
  }

  void Text(const char* style, double x, double y, const std::string& text) {
    out_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", style, x, y,
                        EscapeMarkup(Shorten(text, box_ - 20)));
  }

  int columns_;
  double box_;
  std::string out_;
};

}  // namespace

std::string Shorten(const std::string& text, double pixels) {
  const auto most = static_cast<size_t>(std::max(4.0, pixels / kCharacter));
  if (text.size() <= most) return text;
  size_t end = most - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string EscapeMarkup(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string TopologySvg(const TopologyNode& root) { return Picture(root).Take(); }

}  // namespace motley
