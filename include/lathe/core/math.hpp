/// @file
/// The functions of `<cmath>` that lathe uses, straight from the compiler: that header, with its
/// special functions, costs every file that includes lathe.hpp 70 ms.
#pragma once

namespace lathe::math {

#define LATHE_MATH_FUNCTION(name)                               \
  inline float name(float x) { return __builtin_##name##f(x); } \
  inline double name(double x) { return __builtin_##name(x); }  \
  inline long double name(long double x) { return __builtin_##name##l(x); }
LATHE_MATH_FUNCTION(exp)
LATHE_MATH_FUNCTION(log)
LATHE_MATH_FUNCTION(sqrt)
LATHE_MATH_FUNCTION(tanh)
LATHE_MATH_FUNCTION(erf)
LATHE_MATH_FUNCTION(sin)
LATHE_MATH_FUNCTION(cos)
LATHE_MATH_FUNCTION(floor)
LATHE_MATH_FUNCTION(ceil)
LATHE_MATH_FUNCTION(round)
LATHE_MATH_FUNCTION(fabs)
#undef LATHE_MATH_FUNCTION

#define LATHE_MATH_FUNCTION(name)                                           \
  inline float name(float x, float y) { return __builtin_##name##f(x, y); } \
  inline double name(double x, double y) { return __builtin_##name(x, y); } \
  inline long double name(long double x, long double y) { return __builtin_##name##l(x, y); }
LATHE_MATH_FUNCTION(pow)
LATHE_MATH_FUNCTION(fmod)
#undef LATHE_MATH_FUNCTION

/// True for integers, which are never infinite or not a number.
template <class Number>
concept whole = requires(Number x) {
  x % x;
};

/// |x|. @pre not the most negative integer
template <class Number>
constexpr Number abs(Number x) {
  if constexpr (whole<Number>)
    return x < 0 ? -x : x;
  else
    return fabs(x);
}
template <class Number>
constexpr bool isnan(Number x) {
  if constexpr (whole<Number>)
    return false;
  else
    return __builtin_isnan(x);
}
template <class Number>
constexpr bool isinf(Number x) {
  if constexpr (whole<Number>)
    return false;
  else
    return __builtin_isinf(x);
}
template <class Number>
constexpr bool isfinite(Number x) {
  return !isnan(x) && !isinf(x);
}
/// True if the sign bit of a floating-point number is set, also of -0.0 and NaN.
template <class Real>
constexpr bool signbit(Real x) {
  return __builtin_signbit(x);
}

}  // namespace lathe::math
