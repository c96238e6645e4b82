/// @file
/// Is an output right? In: what the kernel wrote, what is expected and how exact it must be. Out: a
/// verdict that names the first wrong element. Called by the worker and the tests of every target.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace lathe {

/// What an output must be. The spans refer to memory of the caller.
///
/// Exact (inputs from fill_exact(), no exp, division or sqrt): `expected` holds elements of `type`
/// and comparison is bitwise, except that +0 equals -0. Bounded: `reference` holds the value in
/// double and `magnitude` the sum of the absolute values of the terms it is the sum of.
struct expectation {
  std::string name;  ///< of the tensor, for messages
  dtype type{};
  sequence<std::int64_t> extents;       ///< row-major, for messages; product = number of elements
  std::span<const std::byte> expected;  ///< exact: all elements
  std::span<const double> reference;    ///< bounded: all elements
  std::span<const double> magnitude;    ///< bounded: S >= |reference|, or empty: S = |reference|
  double terms = 1;                     ///< bounded: K, the longest sum
  double function_ulps = 0;             ///< bounded: error of the math functions in a term [ulp]

  /// True if `reference` is what counts.
  bool bounded() const { return !reference.empty(); }
  /// Product of the extents.
  LATHE_INLINE std::int64_t elements() const;
};

/// The verdict on one output.
struct comparison {
  std::int64_t wrong = 0;      ///< [elements]
  std::int64_t untouched = 0;  ///< elements that still hold the fill value
  std::string text;            ///< empty if right: "C[3,17]: expected 12, got 10, 1 of 4096 wrong"
  bool ok() const { return text.empty(); }
};

/// Largest accepted |got - reference| for a value that is a sum of terms with absolute sum
/// `magnitude`: (c + 2 ulps) u S + 4 u |reference| with c = max(16, 2 sqrt(K)) and the unit
/// roundoff u of `type`; 0 for integers. For f16 and bf16 the first u is that of f32, in which the
/// terms are added. A sequential sum of positive terms has a standard
/// deviation of about 0.23 sqrt(K) u S, so c stands for 8 of them; the worst case, c = K, would
/// hide missing terms.
LATHE_INLINE double error_bound(dtype type, double reference, double magnitude, double terms,
                                double function_ulps);

/// Compares an output with its expectation. Also wrong: more than 5 % of the elements hold the
/// value of fill_untouched(), even if the expectation agrees (then it was never computed either).
/// @complexity  O(elements)
LATHE_INLINE comparison compare(const void* got, const expectation& wanted);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/compare.ipp>
#endif
