#include "client/cli/show/log_axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace motley {
namespace {

constexpr double kStep = 6;            // pixels between the spots that stand for a text
constexpr double kLabelPenalty = 1e3;  // of a spot on another label, in points

double Share(const LogRange& range, double value) {
  return (std::log10(value) - range.low) / (range.high - range.low);
}

}  // namespace

void LogRange::Include(double value) {
  const double exponent = std::log10(value);
  low = empty ? exponent : std::min(low, exponent);
  high = empty ? exponent : std::max(high, exponent);
  empty = false;
}

void LogRange::Round() {
  if (empty) low = 0, high = 1;
  low = std::floor(low * 2) / 2;
  high = std::max(std::ceil(high * 2) / 2, low + 1);
}

double LogAxes::X(double value) const { return left + width * Share(x, value); }
double LogAxes::Y(double value) const { return bottom() - height * Share(y, value); }

// Middles of the letters.
std::vector<LabelPlacer::Spot> LabelPlacer::Spots(const Place& place, double width) const {
  std::vector<Spot> spots;
  const double up = height_ / 2;
  for (double at = 0; at <= width; at += kStep) {
    spots.push_back(
        {place.x + place.dx * at + place.dy * up, place.y + place.dy * at - place.dx * up});
  }
  return spots;
}

LabelPlacer::Place LabelPlacer::Choose(const std::vector<Place>& places, double width) {
  const auto near = [](const Spot& a, const Spot& b, double distance) {
    return std::hypot(a.x - b.x, a.y - b.y) < distance;
  };
  double least = 0;
  const Place* best = nullptr;
  for (const Place& place : places) {
    double cost = 0;
    for (const Spot& spot : Spots(place, width)) {
      for (const Spot& point : points_) cost += near(spot, point, height_);
      for (const Spot& label : labels_) cost += kLabelPenalty * near(spot, label, height_ * 1.6);
    }
    if (best && cost >= least) continue;
    best = &place;
    least = cost;
  }
  const std::vector<Spot> taken = Spots(*best, width);
  labels_.insert(labels_.end(), taken.begin(), taken.end());
  return *best;
}

std::string SiNumber(double value) {
  constexpr const char* kPrefix[] = {"", " k", " M", " G", " T", " P"};
  size_t prefix = 0;
  while (value >= 999.5 && prefix + 1 < std::size(kPrefix)) {
    value /= 1000;
    ++prefix;
  }
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, decimals, kPrefix[prefix]);
}

}  // namespace motley
