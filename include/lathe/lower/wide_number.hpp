/// @file
/// Arithmetic of the interpreter: integers that wrap in their type, and numbers that know how large
/// the terms are that they are the sum of. Called by interpret.hpp and api/sampler.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/opcode.hpp>

#include <cstdint>

namespace lathe::detail {

/// An integer as an element of `type` holds it.
LATHE_INLINE std::int64_t wrapped(dtype type, std::int64_t value);

/// Two's complement arithmetic without undefined overflow.
LATHE_INLINE std::int64_t wrapping_add(std::int64_t left, std::int64_t right);
LATHE_INLINE std::int64_t wrapping_mul(std::int64_t left, std::int64_t right);

/// What the interpreter computes f32 and f64 in.
using wide_real = long double;

/// A number and the sum of the absolute values of the terms it is made of, S.
struct wide_number {
  wide_real value = 0;
  double magnitude = 0;
};

/// A number that is one term: S = |value|.
LATHE_INLINE wide_number exact_number(wide_real value);

/// exp, log, sqrt, tanh, erf, sin, cos or floor; S to first order: |f| + |f'| S_x, or |f| where the
/// derivative has no value.
LATHE_INLINE wide_number apply_function(opcode fn, const wide_number& x);

/// + - * / % min max pow; S to first order.
LATHE_INLINE wide_number apply_operator(opcode fn, const wide_number& left,
                                        const wide_number& right);

/// A comparison.
template <class Number>
bool compares(opcode fn, Number left, Number right);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/wide_number.ipp>
#endif
