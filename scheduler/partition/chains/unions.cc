#include "scheduler/partition/chains/unions.h"

#include <algorithm>

namespace motley {
namespace {

int FirstClass(const DeviceSets& sets, int state) {
  int cls = 0;
  while (sets.Count(state, cls) == 0) ++cls;
  return cls;
}

// Calls visit(part) for every part of `state` that has a device of its first class: another part
// without it is found in the rest.
template <class Visit>
void ForEachPart(const DeviceSets& sets, int state, const Visit& visit) {
  const int first = FirstClass(sets, state);
  std::vector<int> counts(static_cast<size_t>(sets.classes()), 0);
  counts[static_cast<size_t>(first)] = 1;
  int part = sets.Stride(first);
  while (true) {
    visit(part);
    int cls = first;
    while (cls < sets.classes()) {
      int& count = counts[static_cast<size_t>(cls)];
      if (count < sets.Count(state, cls)) {
        ++count;
        part += sets.Stride(cls);
        break;
      }
      const int least = cls == first ? 1 : 0;
      part -= (count - least) * sets.Stride(cls);
      count = least;
      ++cls;
    }
    if (cls == sets.classes()) return;
  }
}

}  // namespace

ChainUnions::ChainUnions(const ChainRates& chains, const DeviceSets& sets)
    : sets_(sets),
      rates_(static_cast<size_t>(sets.states()), 0.0),
      chosen_(static_cast<size_t>(sets.states()), 0) {
  for (int state = 1; state < sets.states(); ++state) {
    double best = Rate(state - sets.Stride(FirstClass(sets, state)));
    int chosen = 0;
    ForEachPart(sets, state, [&](int part) {
      const double own = chains.Rate(part);
      if (!(own > 0)) return;
      const double rate = own + Rate(state - part);
      if (rate <= best * (1 + 1e-12)) return;
      best = rate;
      chosen = part;
    });
    rates_[static_cast<size_t>(state)] = best;
    chosen_[static_cast<size_t>(state)] = chosen;
  }
}

std::vector<int> ChainUnions::Chains(int state) const {
  std::vector<int> parts;
  while (state != 0) {
    const int part = chosen_[static_cast<size_t>(state)];
    if (part > 0) parts.push_back(part);
    state -= part > 0 ? part : sets_.Stride(FirstClass(sets_, state));
  }
  return parts;
}

double ChainUnions::Work(const DeviceSets& sets) {
  double pairs = 1;
  for (int cls = 0; cls < sets.classes(); ++cls) {
    pairs *= (sets.Most(cls) + 1.0) * (sets.Most(cls) + 2.0) / 2;
  }
  return pairs;
}

}  // namespace motley
