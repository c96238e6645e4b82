/// @file
/// Bodies of wide_number.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/wide_number.hpp>

namespace lathe::detail {

LATHE_INLINE std::int64_t wrapped(dtype type, std::int64_t value) {
  switch (type) {
    case dtype::boolean: return value != 0;
    case dtype::i8: return static_cast<std::int8_t>(value);
    case dtype::u8: return static_cast<std::uint8_t>(value);
    case dtype::i32: return static_cast<std::int32_t>(value);
    default: return value;
  }
}

LATHE_INLINE std::int64_t wrapping_add(std::int64_t left, std::int64_t right) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) +
                                   static_cast<std::uint64_t>(right));
}
LATHE_INLINE std::int64_t wrapping_mul(std::int64_t left, std::int64_t right) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(left) *
                                   static_cast<std::uint64_t>(right));
}

LATHE_INLINE wide_number exact_number(wide_real value) {
  return {value, static_cast<double>(math::abs(value))};
}

/// f(x): S = |f| + |f'| S_x, or |f| where the derivative has no value.
LATHE_INLINE wide_number function_value(wide_real value, wide_real derivative,
                                        double operand_magnitude) {
  const double own = static_cast<double>(math::abs(value));
  const double carried = static_cast<double>(math::abs(derivative)) * operand_magnitude;
  return {value, math::isfinite(carried) ? own + carried : own};
}

LATHE_INLINE wide_number apply_function(opcode fn, const wide_number& x) {
  const wide_real at = x.value;
  const auto made = [&](wide_real value, wide_real derivative) {
    return function_value(value, derivative, x.magnitude);
  };
  switch (fn) {
    case opcode::exp: {
      const wide_real value = math::exp(at);
      return made(value, value);
    }
    case opcode::log: return made(math::log(at), 1 / at);
    case opcode::sqrt: {
      const wide_real value = math::sqrt(at);
      if (value == 0) return {value, math::sqrt(x.magnitude)};
      return made(value, 1 / (2 * value));
    }
    case opcode::tanh: {
      const wide_real value = math::tanh(at);
      return made(value, 1 - value * value);
    }
    case opcode::erf: {
      const wide_real two_over_root_pi =
          static_cast<wide_real>(1.128379167095512573896158903121545172L);
      return made(math::erf(at), two_over_root_pi * math::exp(-at * at));
    }
    case opcode::sin: return made(math::sin(at), math::cos(at));
    case opcode::cos: return made(math::cos(at), math::sin(at));
    default: return made(math::floor(at), 0);
  }
}

LATHE_INLINE wide_number apply_operator(opcode fn, const wide_number& left,
                                        const wide_number& right) {
  const wide_real a = left.value, b = right.value;
  const double size_a = static_cast<double>(math::abs(a)),
               size_b = static_cast<double>(math::abs(b));
  switch (fn) {
    case opcode::add: return {a + b, left.magnitude + right.magnitude};
    case opcode::sub: return {a - b, left.magnitude + right.magnitude};
    case opcode::mul:
      return {a * b, size_b * left.magnitude + size_a * right.magnitude - size_a * size_b};
    case opcode::div: {
      const double size = size_a / size_b;
      return {a / b, left.magnitude / size_b + size * (right.magnitude / size_b) - size};
    }
    case opcode::mod: return {math::fmod(a, b), larger(left.magnitude, right.magnitude)};
    case opcode::min: return {smaller(a, b), larger(left.magnitude, right.magnitude)};
    case opcode::max: return {larger(a, b), larger(left.magnitude, right.magnitude)};
    default: {  // pow: d/da = b a^(b-1), d/db = a^b log a
      const wide_real value = math::pow(a, b);
      const double size = static_cast<double>(math::abs(value));
      const double by_base = size_b * static_cast<double>(math::abs(math::pow(a, b - 1)));
      const double by_power = a > 0 ? size * static_cast<double>(math::abs(math::log(a))) : 0;
      const double carried = by_base * left.magnitude + by_power * right.magnitude;
      return {value, math::isfinite(carried) ? size + carried : size};
    }
  }
}

template <class Number>
bool compares(opcode fn, Number left, Number right) {
  switch (fn) {
    case opcode::less: return left < right;
    case opcode::less_equal: return left <= right;
    case opcode::greater: return left > right;
    case opcode::greater_equal: return left >= right;
    case opcode::equal: return left == right;
    default: return left != right;
  }
}

}  // namespace lathe::detail
