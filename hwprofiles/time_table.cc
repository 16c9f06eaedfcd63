#include "hwprofiles/time_table.h"

#include <algorithm>

namespace motley {

double Interpolate(const TimeTable& table, double x) {
  if (table.size() == 1) return table[0].second;
  size_t right = 1;
  while (right + 1 < table.size() && table[right].first < x) ++right;
  const auto& [x0, y0] = table[right - 1];
  const auto& [x1, y1] = table[right];
  return std::max(0.0, y0 + (y1 - y0) * (x - x0) / (x1 - x0));
}

double InterpolateFromFirst(const TimeTable& table, double x) {
  if (table.empty()) return 0;
  return x <= table[0].first ? std::max(0.0, table[0].second) : Interpolate(table, x);
}

bool Within(const TimeTable& table, double x) {
  return !table.empty() && x >= table.front().first && x <= table.back().first;
}

}  // namespace motley
