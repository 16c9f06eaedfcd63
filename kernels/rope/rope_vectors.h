#pragma once
// op::Rope over the vector of the including file. Unnamed namespace.

#include <cmath>

#include "kernels/operand.h"
#include "kernels/vector/math.h"

namespace motley {
namespace {

// Radians per position of every pair, padded with zeros to whole vectors. Powers by multiplication:
// `rotated` / 2 roundings in double are nothing beside the float that comes out, and a call of pow
// for each costs as much as the op.
inline void FillFrequencies(const op::Rope<Tensor>& call, double* out, int64_t padded) {
  const double step = std::pow(static_cast<double>(call.base), -2.0 / call.rotated);
  double power = call.frequency_scale;
  for (int64_t i = 0; i < padded; ++i, power *= step) {
    const bool used = i < call.rotated / 2;
    out[i] = !used ? 0.0 : call.factors ? power / Row(call.factors, 0)[i] : power;
  }
}

inline void FillSines(const double* frequencies, int64_t padded, int32_t position, float* cosines,
                      float* sines) {
  for (int64_t i = 0; i < padded; i += kLanes) {
    Vec s, c;
    SinCos(Mul(LoadWide(frequencies + i), SetWide(position)), &s, &c);
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
    x[2 * i + 1] = a * sines[i] + b * cosines[i];
  }
}

inline void RotateRows(const op::Rope<Tensor>& call, Team& team) {
  const int64_t pairs = call.rotated / 2;
  const int64_t padded = (pairs + kLanes - 1) / kLanes * kLanes;
  // Frequencies for all, then cosines and sines of each thread, found by its first row.
  const auto bytes = static_cast<size_t>(padded) *
                     (sizeof(double) + 2 * sizeof(float) * static_cast<size_t>(call.x.rows));
  auto* frequencies = reinterpret_cast<double*>(team.Scratch(bytes));
  FillFrequencies(call, frequencies, padded);
  auto* tables = reinterpret_cast<float*>(frequencies + padded);
  SplitRows(team, call.x.rows, call.x.cols * 4, [&](int64_t first, int64_t last) {
    float* cosines = tables + 2 * padded * first;
    float* sines = cosines + padded;
    for (int64_t m = first; m < last; ++m) {
      FillSines(frequencies, padded, Index(call.positions, m), cosines, sines);
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
