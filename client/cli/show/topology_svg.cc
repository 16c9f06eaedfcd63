#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "client/cli/show/topology.h"

namespace motley {
namespace {

constexpr int kWidth = 1280, kMargin = 24, kRow = 64, kBoxHeight = 46;
constexpr double kGap = 40, kLinkGap = 150;  // before a column, and before one of links
constexpr double kPadding = 10, kLeastBox = 90;
constexpr double kCharacter = 7.2;  // of a 12 px sans font, generously
constexpr double kBold = 8.4;

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

// What stands right of a node's id: its memory, and its state where that is not ready.
std::string Aside(const TopologyNode& node) {
  TopologyNode nameless = node;
  nameless.label.clear();
  return NodeText(nameless);
}

// For the line of id and aside, which is never cut; the label below gives way.
double HeadNeeds(const TopologyNode& node) {
  const std::string aside = Aside(node);
  return 2 * kPadding + kBold * static_cast<double>(node.id.size()) +
         (aside.empty() ? 0 : kCharacter * static_cast<double>(aside.size() + 2));
}

// Where the boxes of one depth of the tree stand.
struct Column {
  double x = 0, width = kLeastBox, least = kLeastBox, gap = kGap;
};

void Measure(const TopologyNode& node, size_t depth, std::vector<Column>* columns) {
  if (columns->size() <= depth) columns->resize(depth + 1);
  Column& column = (*columns)[depth];
  column.least = std::max(column.least, HeadNeeds(node));
  column.width = std::max({column.width, column.least,
                           2 * kPadding + kCharacter * static_cast<double>(node.label.size())});
  if (node.link && !LinkText(*node.link).empty()) column.gap = kLinkGap;
  for (const TopologyNode& child : node.children) Measure(child, depth + 1, columns);
}

double Excess(const Column& column) { return column.width - column.least; }

// The boxes with most to spare give way until all fit, or none has; what is left over is shared.
std::vector<Column> LayOut(const TopologyNode& root) {
  std::vector<Column> columns;
  Measure(root, 0, &columns);
  columns[0].gap = 0;
  double space = kWidth - 2.0 * kMargin;
  for (const Column& column : columns) space -= column.gap + column.width;
  while (space < 0) {
    Column& widest = *std::ranges::max_element(columns, {}, Excess);
    if (Excess(widest) <= 0) break;
    const double less = std::min({10.0, -space, Excess(widest)});
    widest.width -= less;
    space += less;
  }
  const double more = std::max(0.0, space) / static_cast<double>(2 * columns.size() - 1);
  double x = kMargin;
  for (Column& column : columns) {
    if (&column != columns.data()) x += column.gap += more;
    column.x = x;
    x += column.width += more;
  }
  return columns;
}

int Leaves(const TopologyNode& node) {
  int sum = 0;
  for (const TopologyNode& child : node.children) sum += Leaves(child);
  return std::max(sum, 1);
}

class Picture {
 public:
  explicit Picture(const TopologyNode& root) : columns_(LayOut(root)) {
    // A tree that does not fit is drawn smaller.
    const double width =
        std::max<double>(kWidth, columns_.back().x + columns_.back().width + kMargin);
    const int height = Leaves(root) * kRow + 2 * kMargin;
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1}\" width=\"{2}\" "
        "height=\"{3:.0f}\">\n{4}\n<rect class=\"page\" width=\"110%\" height=\"110%\"/>\n",
        width, height, kWidth, height * kWidth / width, kStyle);
    Draw(root, 0, kMargin);
    out_ += "</svg>\n";
  }
  std::string Take() { return std::move(out_); }

 private:
  // Draws a sub-tree into its rows from `top` on; returns the middle of its box.
  double Draw(const TopologyNode& node, size_t depth, double top) {
    const double middle = top + Leaves(node) * kRow / 2.0;
    for (const TopologyNode& child : node.children) {
      const double to = Draw(child, depth + 1, top);
      Edge(child, columns_[depth], columns_[depth + 1], middle, to);
      top += Leaves(child) * kRow;
    }
    Box(node, columns_[depth], middle);
    return middle;
  }

  void Edge(const TopologyNode& child, const Column& left, const Column& right, double from,
            double to) {
    const double x = left.x + left.width;
    const double bytes = child.link ? LinkBytesPerSecond(*child.link) : 0;
    const double width = bytes > 0 ? std::clamp(bytes / 8e9, 1.0, 8.0) : 1.0;
    const double bend = x + 28;
    out_ += fmt::format(
        "<path class=\"edge\" stroke-width=\"{:.1f}\" d=\"M{:.1f} {:.1f} C{:.1f} {:.1f} {:.1f} "
        "{:.1f} "
        "{:.1f} {:.1f} H{:.1f}\"/>\n",
        width, x, from, x + 14, from, x + 14, to, bend, to, right.x);
    if (!child.link) return;
    const std::string text = LinkText(*child.link);
    const size_t comma = text.find(", ");
    out_ += fmt::format("<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", bend + 2,
                        to - 6 - width / 2, EscapeMarkup(text.substr(0, comma)));
    if (comma == std::string::npos) return;
    out_ += fmt::format("<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", bend + 2,
                        to + 13 + width / 2, EscapeMarkup(text.substr(comma + 2)));
  }

  void Box(const TopologyNode& node, const Column& column, double middle) {
    const char* tone = node.kind != "device"                         ? ""
                       : node.state == "ready" || node.state.empty() ? " ready"
                                                                     : " trouble";
    out_ += fmt::format(
        "<rect class=\"box{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" "
        "rx=\"6\"/>\n",
        tone, column.x, middle - kBoxHeight / 2.0, column.width, kBoxHeight);
    const double left = column.x + kPadding, right = column.x + column.width - kPadding;
    const double first = node.label.empty() ? middle + 4 : middle - 4;
    const std::string aside = Aside(node);
    const double aside_width =
        aside.empty() ? 0 : kCharacter * static_cast<double>(aside.size() + 2);
    Text("id", left, first, node.id, (right - left - aside_width) * kCharacter / kBold);
    if (!aside.empty()) Text("dim\" text-anchor=\"end", right, first, aside, right - left);
    if (!node.label.empty()) Text("dim", left, middle + 14, node.label, right - left);
  }

  void Text(const char* style, double x, double y, const std::string& text, double pixels) {
    out_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", style, x, y,
                        EscapeMarkup(Shorten(text, pixels)));
  }

  const std::vector<Column> columns_;
  std::string out_;
};

}  // namespace

std::string Shorten(const std::string& text, double pixels) {
  const auto most = static_cast<size_t>(std::max(4.0, pixels / kCharacter + 0.01));
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
