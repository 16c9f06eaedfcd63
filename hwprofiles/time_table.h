#pragma once
// A measured curve: time against rows, sequences or tokens. Pure, any thread.

#include <utility>
#include <vector>

namespace motley {

// Points (x, us) in increasing x.
using TimeTable = std::vector<std::pair<double, double>>;

// Linear between points; outside them along the nearest two, never below 0; a single point is a
// constant. The table has at least one point.
double Interpolate(const TimeTable& table, double x);

// The same, but below the first point never less than it: a step of fewer rows still reads all
// weights. 0 for an empty table.
double InterpolateFromFirst(const TimeTable& table, double x);

// Whether x lies between the first and the last point.
bool Within(const TimeTable& table, double x);

}  // namespace motley
