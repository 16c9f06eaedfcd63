#pragma once
// What no plan can pass: cost-model 2(b), max sum k tp(k), with the memory that the sequences in
// flight take. Pure, any thread.

#include "scheduler/partition/chains/prices.h"

namespace motley {

// Generated tokens per second of any pools of chains. Every item must be served at the whole rate,
// so any weighted mean of the items is, and a device that takes b sequences at a time gives to that
// mean no more than its best run at b does; boundaries are left out. A chain of n devices keeps b n
// sequences, whose KV memory and one copy of the weights its devices must hold together: that is
// priced by a multiplier, and the best multiplier of a row of them is taken.
double ThroughputBound(const ServicePrices& prices);

}  // namespace motley
