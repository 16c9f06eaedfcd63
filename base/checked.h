#pragma once
// Arithmetic that says when it overflows. For every number that came from a file, a frame or a
// request.

#include <concepts>
#include <cstdint>
#include <optional>

namespace motley {

template <std::integral T>
constexpr std::optional<T> CheckedAdd(T a, T b) {
  T out;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

template <std::integral T>
constexpr std::optional<T> CheckedMul(T a, T b) {
  T out;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

// `value` rounded up to a multiple of `unit` (a power of two), or nothing when that overflows.
template <std::unsigned_integral T>
constexpr std::optional<T> CheckedRoundUp(T value, T unit) {
  const auto sum = CheckedAdd<T>(value, unit - 1);
  if (!sum) return std::nullopt;
  return *sum & ~(unit - 1);
}

// `value` as To, or nothing when it does not fit.
template <std::integral To, std::integral From>
constexpr std::optional<To> CheckedCast(From value) {
  To out;
  if (__builtin_add_overflow(value, From{0}, &out)) return std::nullopt;
  return out;
}

}  // namespace motley
