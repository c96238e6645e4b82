/// @file
/// Element types: the closed list of scalar kinds a tensor can hold, and their C++ counterparts.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace lathe {

/// Kind of a scalar. `weak_*` are literals that take the element type of the other operand.
enum class dtype : unsigned char {
  weak_int,
  weak_float,
  boolean,
  i8,
  u8,
  i32,
  i64,
  f32,
  f64,
  bf16,
  f16
};

/// Size of one element in bytes (boolean: 1; weak kinds: 8).
constexpr int size_of(dtype kind) {
  switch (kind) {
    case dtype::boolean:
    case dtype::i8:
    case dtype::u8: return 1;
    case dtype::bf16:
    case dtype::f16: return 2;
    case dtype::i32:
    case dtype::f32: return 4;
    default: return 8;
  }
}

/// True for the floating-point types of two bytes, which tensors hold and nothing computes with.
constexpr bool is_half(dtype kind) { return kind == dtype::bf16 || kind == dtype::f16; }

/// True for f32, f64, bf16, f16 and weak floating literals.
constexpr bool is_float(dtype kind) {
  return kind == dtype::f32 || kind == dtype::f64 || kind == dtype::weak_float || is_half(kind);
}

/// Binary digits of a floating-point type, the leading one included: it holds all integers up to
/// 2^digits. @pre is_float(kind)
constexpr int digits_of(dtype kind) {
  switch (kind) {
    case dtype::bf16: return 8;
    case dtype::f16: return 11;
    case dtype::f32: return 24;
    default: return 53;
  }
}

/// Name as it is written in traces, records and error texts: "f32", "i64", ...
constexpr const char* name_of(dtype kind) {
  switch (kind) {
    case dtype::weak_int: return "weak_int";
    case dtype::weak_float: return "weak_float";
    case dtype::boolean: return "bool";
    case dtype::i8: return "i8";
    case dtype::u8: return "u8";
    case dtype::i32: return "i32";
    case dtype::i64: return "i64";
    case dtype::f32: return "f32";
    case dtype::f64: return "f64";
    case dtype::bf16: return "bf16";
    case dtype::f16: return "f16";
  }
  return "?";
}

/// A floating-point number of two bytes. For storage: operators convert it to float to compute,
/// cast<float>(A(i)). Other numbers become one by way of float, rounded to nearest, ties to even.
template <dtype Kind>
struct half_float {
  static_assert(is_half(Kind));
  std::uint16_t bits = 0;

  constexpr half_float() = default;
  template <class Number>
  requires std::is_arithmetic_v<Number>
  constexpr explicit half_float(Number value)
      : bits(rounded(std::bit_cast<std::uint32_t>(static_cast<float>(value)))) {}
  template <dtype Other>
  constexpr explicit half_float(half_float<Other> value) : half_float(static_cast<float>(value)) {}
  template <class Number>
  requires std::is_arithmetic_v<Number>
  constexpr explicit operator Number() const {
    return static_cast<Number>(std::bit_cast<float>(widened(bits)));
  }
  friend constexpr bool operator==(half_float left, half_float right) {
    return static_cast<float>(left) == static_cast<float>(right);
  }

 private:
  static constexpr int dropped = 24 - digits_of(Kind);  ///< digits that only a float has
  /// What is added to an exponent of f16 in a float; those of bf16 are the same.
  static constexpr std::uint32_t rebias = Kind == dtype::f16 ? 112U << 23 : 0;

  static constexpr std::uint32_t widened(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000U) << 16, size = (half & 0x7fffU) << dropped;
    if constexpr (Kind == dtype::f16) {
      if (size >= 0x0f800000U) return sign | (size + 2 * rebias);  // infinite or not a number
      if (size < 0x00800000U)                                      // denormal: a multiple of 2^-24
        return sign | std::bit_cast<std::uint32_t>(static_cast<float>(half & 0x3ffU) * 0x1p-24f);
    }
    return sign | (size + rebias);
  }

  static constexpr std::uint16_t rounded(std::uint32_t value) {
    const std::uint32_t sign = value >> 16 & 0x8000U;
    std::uint32_t size = value & 0x7fffffffU;
    if (size > 0x7f800000U) {  // not a number: stays one, and quiet
      size = (size | 0x400000U) >> dropped;
      return static_cast<std::uint16_t>(sign |
                                        (Kind == dtype::f16 ? 0x7c00U | (size & 0x3ffU) : size));
    }
    if constexpr (Kind == dtype::f16) {
      if (size >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);  // 65520
      if (size < 0x38800000U) {  // below 2^-14: the sum is rounded to a multiple of 2^-24
        const float sum = std::bit_cast<float>(size) + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(sum) & 0x7ffU));
      }
    }
    size -= rebias;
    const std::uint32_t odd = size >> dropped & 1U, half = (1U << (dropped - 1)) - 1;
    return static_cast<std::uint16_t>(sign | (size + half + odd) >> dropped);
  }
};

/// The upper half of a float: its exponents with 8 binary digits.
using bf16 = half_float<dtype::bf16>;
/// IEEE's binary16: 11 binary digits, up to 65504.
using f16 = half_float<dtype::f16>;

/// A number as an element of a floating-point type holds it. @pre is_float(type)
constexpr double rounded_to(dtype type, double number) {
  if (type == dtype::f32) return static_cast<double>(static_cast<float>(number));
  if (type == dtype::bf16) return static_cast<double>(bf16(number));
  return type == dtype::f16 ? static_cast<double>(f16(number)) : number;
}

namespace detail {
template <class Element>
inline constexpr bool has_dtype = false;
template <class Element>
inline constexpr dtype dtype_of_impl = dtype::weak_int;
template <>
inline constexpr bool has_dtype<bool> = true;
template <>
inline constexpr dtype dtype_of_impl<bool> = dtype::boolean;
template <>
inline constexpr bool has_dtype<std::int8_t> = true;
template <>
inline constexpr dtype dtype_of_impl<std::int8_t> = dtype::i8;
template <>
inline constexpr bool has_dtype<std::uint8_t> = true;
template <>
inline constexpr dtype dtype_of_impl<std::uint8_t> = dtype::u8;
template <>
inline constexpr bool has_dtype<int> = true;
template <>
inline constexpr dtype dtype_of_impl<int> = dtype::i32;
template <>
inline constexpr bool has_dtype<long> = true;
template <>
inline constexpr dtype dtype_of_impl<long> = dtype::i64;
template <>
inline constexpr bool has_dtype<long long> = true;
template <>
inline constexpr dtype dtype_of_impl<long long> = dtype::i64;
template <>
inline constexpr bool has_dtype<float> = true;
template <>
inline constexpr dtype dtype_of_impl<float> = dtype::f32;
template <>
inline constexpr bool has_dtype<double> = true;
template <>
inline constexpr dtype dtype_of_impl<double> = dtype::f64;
template <dtype Kind>
inline constexpr bool has_dtype<half_float<Kind>> = true;
template <dtype Kind>
inline constexpr dtype dtype_of_impl<half_float<Kind>> = Kind;
}  // namespace detail

/// True if a tensor may hold elements of this C++ type.
template <class Element>
inline constexpr bool is_element = detail::has_dtype<Element>;

/// The kind of a C++ element type. @pre is_element<Element>
template <class Element>
inline constexpr dtype dtype_of = detail::dtype_of_impl<Element>;

}  // namespace lathe
