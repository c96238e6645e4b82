/// @file
/// Division of integers rounded towards minus infinity: what / and % mean in indices. Called by the
/// analysis, the loop-nest IR and everything that executes it.
#pragma once

#include <cstdint>

namespace lathe {

/// Quotient rounded towards minus infinity. @pre divisor != 0; not INT64_MIN / -1
constexpr std::int64_t floor_div(std::int64_t value, std::int64_t divisor) {
  const std::int64_t rest = value % divisor;
  return value / divisor - (rest != 0 && (rest < 0) != (divisor < 0) ? 1 : 0);
}

/// Remainder of floor_div(): 0 or of the divisor's sign. @pre as floor_div()
constexpr std::int64_t floor_mod(std::int64_t value, std::int64_t divisor) {
  const std::int64_t rest = value % divisor;
  return rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest;
}

/// Greatest common divisor of |left| and |right|; of 0 and 0 it is 0. O(log).
constexpr std::int64_t greatest_divisor(std::int64_t left, std::int64_t right) {
  while (right != 0) {
    const std::int64_t rest = left % right;
    left = right;
    right = rest;
  }
  return left < 0 ? -left : left;
}

}  // namespace lathe
