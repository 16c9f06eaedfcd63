#pragma once
// op::Rope over the vector of the including file. Unnamed namespace.

#include "kernels/operand.h"
#include "kernels/rope/turns.h"
#include "kernels/vector/math.h"

namespace motley {
namespace {

// Turns per position of every pair, padded with zeros to whole vectors.
inline void FillSteps(const op::Rope<Tensor>& call, uint64_t* out, int64_t padded) {
  const int64_t pairs = call.rotated / 2;
  FillTurns(call.rotated, call.base, call.frequency_scale, out);
  std::fill(out + pairs, out + padded, 0);
  if (!call.factors) return;
  for (int64_t i = 0; i < pairs; ++i) out[i] = DivideTurns(out[i], Row(call.factors, 0)[i]);
}

// The nearest quarter turn and what is left, in radians.
inline void FillSines(const uint64_t* steps, int64_t padded, int32_t position, float* cosines,
                      float* sines) {
  constexpr float kRadians = 3.4061215800865545e-19f;  // 2 pi / 2^64
  for (int64_t i = 0; i < padded; i += kLanes) {
    float rest[kLanes];
    int32_t quarters[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      const uint64_t turns = static_cast<uint64_t>(int64_t{position}) * steps[i + lane];
      const uint64_t quarter = (turns + (uint64_t{1} << 61)) >> 62;
      quarters[lane] = static_cast<int32_t>(quarter);
      rest[lane] = static_cast<float>(static_cast<int64_t>(turns - (quarter << 62))) * kRadians;
    }
    Vec s, c;
    SinCos(Load(rest), quarters, &s, &c);
    Store(cosines + i, c);
    Store(sines + i, s);
  }
}

inline void RotateHalves(float* x, const float* cosines, const float* sines, int64_t pairs) {
  const auto rotate = [](Vec& a, Vec& b, Vec c, Vec s) {
    const Vec first = a;
    a = Sub(Mul(first, c), Mul(b, s));
    b = Fma(first, s, Mul(b, c));
  };
  int64_t i = 0;
  for (; i + kLanes <= pairs; i += kLanes) {
    Vec a = Load(x + i), b = Load(x + pairs + i);
    rotate(a, b, Load(cosines + i), Load(sines + i));
    Store(x + i, a);
    Store(x + pairs + i, b);
  }
  if (const int rest = static_cast<int>(pairs - i); rest > 0) {
    Vec a = LoadFirst(x + i, rest), b = LoadFirst(x + pairs + i, rest);
    rotate(a, b, Load(cosines + i), Load(sines + i));
    StoreFirst(x + i, a, rest);
    StoreFirst(x + pairs + i, b, rest);
  }
}

inline void RotateNeighbours(float* x, const float* cosines, const float* sines, int64_t pairs) {
  for (int64_t i = 0; i < pairs; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cosines[i] - b * sines[i];
    x[2 * i + 1] = __builtin_fmaf(a, sines[i], b * cosines[i]);
  }
}

inline void RotateRows(const op::Rope<Tensor>& call, Team& team) {
  const int64_t pairs = call.rotated / 2;
  const int64_t padded = (pairs + kLanes - 1) / kLanes * kLanes;
  // Steps for all, then cosines and sines of each thread, found by its first row.
  const auto bytes = static_cast<size_t>(padded) *
                     (sizeof(uint64_t) + 2 * sizeof(float) * static_cast<size_t>(call.x.rows));
  auto* steps = reinterpret_cast<uint64_t*>(team.Scratch(bytes));
  FillSteps(call, steps, padded);
  auto* tables = reinterpret_cast<float*>(steps + padded);
  SplitRows(team, call.x.rows, call.x.cols * 4, [&](int64_t first, int64_t last) {
    float* cosines = tables + 2 * padded * first;
    float* sines = cosines + padded;
    for (int64_t m = first; m < last; ++m) {
      FillSines(steps, padded, Index(call.positions, m), cosines, sines);
      for (float* x = Row(call.x, m); x < Row(call.x, m) + call.x.cols; x += call.head_dim) {
        if (call.style == RopeStyle::kNeox) {
          RotateHalves(x, cosines, sines, pairs);
        } else {
          RotateNeighbours(x, cosines, sines, pairs);
        }
      }
    }
  });
}

}  // namespace
}  // namespace motley
