#include "client/cli/show/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "client/cli/show/log_axes.h"
#include "client/cli/show/png.h"
#include "client/cli/show/topology.h"
#include "daemon/profiling/report.h"
#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

constexpr int kWidth = 1280, kHeight = 720;
constexpr double kLeft = 84, kTop = 76, kPlotWidth = 880, kPlotHeight = 572;
constexpr double kLegendX = kLeft + kPlotWidth + 28, kLegendRows = kPlotHeight - 30;
constexpr double kLegendWidth = kWidth - kLegendX - 20;
constexpr double kLetterHeight = 9, kLetterWidth = 6.8;  // of a 12 px sans font, generously
constexpr double kTitleShare = 0.55;  // its letters are larger than Shorten reckons
constexpr double kAbove = 1.05;       // of its roof: more than a measurement's error
constexpr size_t kColours = 8, kShapes = 4;
constexpr uint64_t kFileLimit = 64 << 20;

constexpr const char* kStyle = R"(<style>
  .page { fill: #ffffff } text { font: 12px sans-serif; fill: #1b1f24 } .title { font: 600 15px sans-serif }
  .dim { fill: #57606a; font-size: 11px } .end { text-anchor: end } .middle { text-anchor: middle }
  .frame { fill: none; stroke: #8c959f } .grid { stroke: #d8dee4; stroke-width: 1 } .fine { stroke: #eff2f5 }
  .roof { stroke: #1b1f24; stroke-width: 2; fill: none }
  .label { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
  .mark { stroke-width: 1.4; fill-opacity: .7 } .hollow { fill: none }
  .c0 { fill: #0072b2; stroke: #0072b2 } .c1 { fill: #d55e00; stroke: #d55e00 }
  .c2 { fill: #009e73; stroke: #009e73 } .c3 { fill: #b6559b; stroke: #b6559b }
  .c4 { fill: #c98a00; stroke: #c98a00 } .c5 { fill: #8c564b; stroke: #8c564b }
  .c6 { fill: #6a51a3; stroke: #6a51a3 } .c7 { fill: #7a828a; stroke: #7a828a }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .dim { fill: #9aa4af } .frame { stroke: #6e7681 }
    .grid { stroke: #2b323b } .fine { stroke: #1b2129 } .roof { stroke: #e6edf3 } .label { stroke: #0d1117 }
    .c0 { fill: #4a9fe0; stroke: #4a9fe0 } .c5 { fill: #c98f80; stroke: #c98f80 }
    .c6 { fill: #a48be0; stroke: #a48be0 }
  }
  .hollow { fill: none }
</style>)";

struct Series {
  std::string op, type;
  std::vector<const OpPoint*> points;
};

double Intensity(const OpPoint& p) { return p.flops / p.bytes; }
double Rate(const OpPoint& p) { return p.flops / p.us * 1e6; }

std::vector<Series> SeriesOf(const OpProfile& profile) {
  std::vector<Series> out;
  for (const OpPoint& p : profile.points) {
    if (p.op.empty() || p.flops <= 0 || p.bytes <= 0 || p.us <= 0) continue;
    auto found = std::ranges::find_if(
        out, [&](const Series& s) { return s.op == p.op && s.type == p.type; });
    if (found == out.end()) found = out.insert(out.end(), Series{p.op, p.type, {}});
    found->points.push_back(&p);
  }
  return out;
}

class Panel {
 public:
  Panel(const Roofline& device, double offset)
      : device_(device), series_(SeriesOf(device.profile)), labels_(kLetterHeight) {
    axes_.left = kLeft;
    axes_.top = offset + kTop;
    axes_.width = kPlotWidth;
    axes_.height = kPlotHeight;
    SetRanges();
    Title(offset);
    Grid();
    Points();
    Roofs();
    Legend();
  }
  std::string Take() { return std::move(out_); }

 private:
  double Memory() const { return device_.roofs ? device_.roofs->bytes_per_s : 0; }
  // The highest of the arithmetic ones, 0: none.
  double Ceiling() const {
    return device_.roofs ? std::max(device_.roofs->f16_flops, device_.roofs->int8_ops) : 0;
  }
  bool AboveRoof(const OpPoint& p) const {
    return Memory() > 0 && Rate(p) > kAbove * Memory() * Intensity(p);
  }

  void SetRanges() {
    for (const Series& series : series_) {
      for (const OpPoint* p : series.points) {
        axes_.x.Include(Intensity(*p));
        axes_.y.Include(Rate(*p));
      }
    }
    if (Ceiling() > 0) axes_.y.Include(Ceiling() * 1.3);
    if (Ceiling() > 0 && Memory() > 0) axes_.x.Include(Ceiling() / Memory() * 3);
    axes_.x.Round();
    axes_.y.Round();
  }

  void Title(double offset) {
    const OpProfile& p = device_.profile;
    Text("title", kLeft, offset + 32, Shorten(p.id + "  " + p.name, kTitleShare * kWidth));
    Text("dim", kLeft, offset + 52,
         fmt::format("{} points, kernels {}{}", p.points.size(), p.kernels,
                     p.driver.empty() ? "" : ", driver " + p.driver));
  }

  void Text(const std::string& style, double x, double y, const std::string& text) {
    out_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", style, x, y,
                        EscapeMarkup(text));
  }
  void Line(const char* style, double x1, double y1, double x2, double y2) {
    out_ += fmt::format(
        "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, x1,
        y1, x2, y2);
  }

  // Full decades with a number, 2 to 9 of each without.
  template <typename Draw>
  static void Ticks(const LogRange& range, Draw draw) {
    for (int decade = static_cast<int>(std::floor(range.low)); decade <= range.high; ++decade) {
      for (int digit = 1; digit < 10; ++digit) {
        const double value = digit * std::pow(10, decade), at = std::log10(value);
        if (at >= range.low - 1e-9 && at <= range.high + 1e-9) draw(value, digit == 1);
      }
    }
  }

  void Grid() {
    for (const bool whole : {false, true}) {
      Ticks(axes_.x, [&](double value, bool decade) {
        if (decade != whole) return;
        const double x = axes_.X(value);
        Line(whole ? "grid" : "grid fine", x, axes_.top, x, axes_.bottom());
        if (whole) Text("dim middle", x, axes_.bottom() + 18, fmt::format("{:g}", value));
      });
      Ticks(axes_.y, [&](double value, bool decade) {
        if (decade != whole) return;
        const double y = axes_.Y(value);
        Line(whole ? "grid" : "grid fine", axes_.left, y, axes_.right(), y);
        if (whole) Text("dim end", axes_.left - 8, y + 4, fmt::format("{}", SiNumber(value)));
      });
    }
    out_ += fmt::format(
        "<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n",
        axes_.left, axes_.top, axes_.width, axes_.height);
    Text("middle", axes_.left + axes_.width / 2, axes_.bottom() + 40,
         "operations per byte of memory moved");
    const double x = axes_.left - 58, y = axes_.top + axes_.height / 2;
    out_ += fmt::format(
        "<text class=\"middle\" transform=\"translate({:.1f} {:.1f}) rotate(-90)\">operations per "
        "second</text>\n",
        x, y);
  }

  void Mark(size_t index, double x, double y, bool hollow) {
    const std::string style =
        fmt::format("class=\"mark c{}{}\"", index % kColours, hollow ? " hollow" : "");
    switch ((index + index / kColours) % kShapes) {
      case 0:
        out_ += fmt::format("<circle {} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>\n", style, x, y);
        break;
      case 1:
        out_ += fmt::format("<path {} d=\"M{:.1f} {:.1f}h7v7h-7z\"/>\n", style, x - 3.5, y - 3.5);
        break;
      case 2:
        out_ += fmt::format("<path {} d=\"M{:.1f} {:.1f}l4.5 8h-9z\"/>\n", style, x, y - 5);
        break;
      default:
        out_ += fmt::format("<path {} d=\"M{:.1f} {:.1f}l5 5l-5 5l-5-5z\"/>\n", style, x, y - 5);
    }
  }

  void Points() {
    for (size_t i = 0; i < series_.size(); ++i) {
      for (const OpPoint* p : series_[i].points) {
        const double x = axes_.X(Intensity(*p)), y = axes_.Y(Rate(*p));
        Mark(i, x, y, Disturbed(*p));
        labels_.AddPoint(x, y);
      }
    }
  }

  void Roofs() {
    if (!device_.roofs) return;
    Flat(device_.roofs->int8_ops, "int8" + BestPoint("roof.int8"), "OP/s");
    Flat(device_.roofs->f16_flops, "float" + BestPoint("roof.f32"), "FLOP/s");
    Slope();
  }

  // Without a measured roof the best of the points stands for it.
  std::string BestPoint(const std::string& sweep) const {
    const auto& points = device_.profile.points;
    const bool measured = std::ranges::find(points, sweep, &OpPoint::sweep) != points.end();
    return measured ? "" : " (best point)";
  }

  // From where memory feeds it to the right edge.
  void Flat(double rate, const std::string& what, const char* unit) {
    if (rate <= 0) return;
    const double y = axes_.Y(rate);
    const double from = Memory() > 0 ? std::max(axes_.left, axes_.X(rate / Memory())) : axes_.left;
    Line("roof", from, y, axes_.right(), y);
    const std::string text = fmt::format("{} {}{}", what, SiNumber(rate), unit);
    const double width = kLetterWidth * static_cast<double>(text.size());
    std::vector<LabelPlacer::Place> places;
    for (double x = axes_.right() - width - 6; x > from; x -= 24) {
      places.push_back({x, y - 7});
      places.push_back({x, y + 17});
    }
    if (places.empty()) places.push_back({axes_.right() - width - 6, y - 7});
    Label(places, text, width);
  }

  void Slope() {
    if (Memory() <= 0) return;
    const double lowest = std::pow(10, axes_.x.low), bottom = std::pow(10, axes_.y.low);
    const double x1 = std::max(lowest, bottom / Memory());
    const double top = Ceiling() > 0 ? Ceiling() : std::pow(10, axes_.y.high);
    const double x2 = std::min(top / Memory(), std::pow(10, axes_.x.high));
    if (x2 <= x1) return;
    const double px = axes_.X(x1), py = axes_.Y(x1 * Memory());
    const double dx = axes_.X(x2) - px, dy = axes_.Y(x2 * Memory()) - py;
    Line("roof", px, py, px + dx, py + dy);
    const std::string text = "memory" + BestPoint("roof.read") + " " + SiNumber(Memory()) + "B/s";
    const double width = kLetterWidth * static_cast<double>(text.size());
    const double length = std::hypot(dx, dy);
    const double ux = dx / length, uy = dy / length;
    std::vector<LabelPlacer::Place> places;
    for (double at = 28; at + width < length - 12; at += 16) {
      for (const double off : {8.0, -18.0}) {  // above the line, below it
        places.push_back({px + ux * at + uy * off, py + uy * at - ux * off, ux, uy});
      }
    }
    if (!places.empty()) Label(places, text, width);
  }

  void Label(const std::vector<LabelPlacer::Place>& places, const std::string& text, double width) {
    const LabelPlacer::Place place = labels_.Choose(places, width);
    out_ += fmt::format(
        "<text class=\"label\" transform=\"translate({:.1f} {:.1f}) rotate({:.2f})\">{}</text>\n",
        place.x, place.y, std::atan2(place.dy, place.dx) * 180 / M_PI, EscapeMarkup(text));
  }

  // Two lines for each, one where that does not fit, and no more than fit.
  void Legend() {
    constexpr double kRoomy = 36, kTight = 16;
    const bool roomy = static_cast<double>(series_.size()) * kRoomy <= kLegendRows;
    const auto most = static_cast<size_t>(kLegendRows / kTight);
    const size_t shown = series_.size() > most ? most - 1 : series_.size();
    double y = axes_.top + 12;
    for (size_t i = 0; i < shown; ++i, y += roomy ? kRoomy : kTight) {
      const Series& series = series_[i];
      Mark(i, kLegendX, y - 4, false);
      Text("", kLegendX + 14, y,
           Shorten(series.op + (series.type.empty() ? "" : " " + series.type), kLegendWidth));
      if (!roomy) continue;
      const OpPoint& best =
          **std::ranges::max_element(series.points, {}, [](const OpPoint* p) { return Rate(*p); });
      Text("dim", kLegendX + 14, y + 15,
           Shorten("best " + SiNumber(Rate(best)) + "OP/s, " + best.where, kLegendWidth));
    }
    if (shown < series_.size()) {
      Text("dim", kLegendX + 14, y, fmt::format("and {} more", series_.size() - shown));
    }
    Notes();
  }

  void Notes() {
    bool above = false, disturbed = false;
    for (const Series& series : series_) {
      for (const OpPoint* p : series.points) {
        above = above || AboveRoof(*p);
        disturbed = disturbed || Disturbed(*p);
      }
    }
    double y = axes_.bottom() + 18;
    if (disturbed) Text("dim", kLegendX + 14, y, "hollow: disturbed by other programs"), y += 16;
    if (above) Text("dim", kLegendX + 14, y, "above the memory line: read from a cache");
  }

  const Roofline& device_;
  const std::vector<Series> series_;
  LabelPlacer labels_;
  LogAxes axes_;
  std::string out_;
};

}  // namespace

std::string RooflineSvg(const std::vector<Roofline>& devices) {
  const size_t height = kHeight * std::max<size_t>(devices.size(), 1);
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\">\n{2}\n<rect class=\"page\" width=\"{0}\" height=\"{1}\"/>\n",
      kWidth, height, kStyle);
  double offset = 0;
  for (const Roofline& device : devices) {
    out += Panel(device, offset).Take();
    offset += kHeight;
  }
  return out + "</svg>\n";
}

Result<std::vector<OpProfile>> ReadProfiles(const std::string& path) {
  const std::string text = TRY(ReadFile(path, kFileLimit));
  const nlohmann::json document = TRY(ParseJson(text, path));
  std::vector<OpProfile> out;
  if (!document.is_object() || !document.contains("devices")) {
    out.push_back(TRY(OpProfileFromJson(document)));
    return out;
  }
  const JsonFields fields = TRY(JsonFields::Of(document, ""));
  TRY(fields.CheckSchema("profiles", 1));
  TRY(fields.Objects("devices"));
  for (const nlohmann::json& device : document["devices"]) {
    out.push_back(TRY(OpProfileFromJson(device)));
  }
  return out;
}

Status WriteRoofline(const std::vector<OpProfile>& profiles, const std::string& path) {
  const bool png = path.ends_with(".png");
  if (!png && !path.ends_with(".svg")) {
    return Error::Invalid("plot", path + " ends neither in .svg nor in .png");
  }
  std::vector<Roofline> devices;
  for (const OpProfile& profile : profiles) {
    if (!SeriesOf(profile).empty()) devices.push_back({profile, DeviceOf(profile).peak});
  }
  if (devices.empty()) {
    return Error::Invalid("plot", "no device has points of an op that computes")
        .Fix("motley profile --only gemm,roof measures some");
  }
  const std::string svg = RooflineSvg(devices);
  return png ? WritePng(svg, path) : WriteFileAtomically(path, svg);
}

}  // namespace motley
