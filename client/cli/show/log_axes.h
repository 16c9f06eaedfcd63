#pragma once
// Two logarithmic axes on a page, and labels that keep off what is drawn. Pure but for their state;
// one thread.

#include <string>
#include <vector>

namespace motley {

// Decades of an axis: exponents of ten, to half a decade.
struct LogRange {
  double low = 0, high = 1;
  // So wide that `value` (over 0) is in it.
  void Include(double value);
  // To half decades, at least one wide. Before anything was included: 1 to 10.
  void Round();
  bool empty = true;
};

// Pixels from values; y grows downwards.
struct LogAxes {
  LogRange x, y;
  double left = 0, top = 0, width = 0, height = 0;
  double X(double value) const;
  double Y(double value) const;
  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

// Where to put text beside a line: of several places the one that covers the fewest points and no
// other label.
class LabelPlacer {
 public:
  struct Place {
    double x = 0, y = 0;    // where the text begins, on its base line
    double dx = 1, dy = 0;  // direction of the text, of length 1
  };
  // `height`: of the letters in pixels.
  explicit LabelPlacer(double height) : height_(height) {}
  void AddPoint(double x, double y) { points_.push_back({x, y}); }
  // `places` is not empty; of equal ones the first. `width`: of the text in pixels.
  Place Choose(const std::vector<Place>& places, double width);

 private:
  struct Spot {
    double x, y;
  };
  std::vector<Spot> Spots(const Place& place, double width) const;
  const double height_;
  std::vector<Spot> points_, labels_;
};

// "31.6 G", "482 M": three digits and an SI prefix.
std::string SiNumber(double value);

}  // namespace motley
