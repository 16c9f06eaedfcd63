#pragma once
// What this CPU can do at most: loops of one instruction in named registers. (g++ 12 keeps an
// array of accumulators on the stack, and a roof so measured is a third of the real one.) x86-64 by
// inline assembly; elsewhere nothing is measured. Any thread; callers pin theirs.

#include <cstddef>
#include <cstdint>

namespace motley::profiler {

// One loop of arithmetic. What a core can do per cycle is from the makers' optimisation manuals:
// one or two units of the width.
struct ArithmeticRoof {
  void (*loop)(int64_t loops) = nullptr;  // nullptr: this CPU has no such instruction
  double ops_per_loop = 0;                // a multiply-add counts as two
  double least_per_cycle = 0, most_per_cycle = 0;
  const char* instruction = "";
};
ArithmeticRoof FloatRoof();
ArithmeticRoof Int8Roof();

// Reads `bytes`, a multiple of 4096, from memory to registers.
void ReadMemory(const std::byte* from, int64_t bytes);

// Cycles per second of the core that this runs on, by a chain of multiplications of three cycles
// each; about a millisecond. 0 where that is not known.
double CoreHz();

}  // namespace motley::profiler
