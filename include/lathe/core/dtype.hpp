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
  bf16
};

/// Size of one element in bytes (boolean: 1; weak kinds: 8).
constexpr int size_of(dtype kind) {
  switch (kind) {
    case dtype::boolean:
    case dtype::i8:
    case dtype::u8: return 1;
    case dtype::bf16: return 2;
    case dtype::i32:
    case dtype::f32: return 4;
    default: return 8;
  }
}

/// True for f32, f64, bf16 and weak floating literals.
constexpr bool is_float(dtype kind) {
  return kind == dtype::f32 || kind == dtype::f64 || kind == dtype::bf16 ||
         kind == dtype::weak_float;
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
  }
  return "?";
}

/// The upper half of a float's bits: its exponents with 8 binary digits. For storage: operators
/// convert it to float to compute, cast<float>(A(i)). Conversions round to nearest, ties to even.
struct bf16 {
  std::uint16_t bits = 0;

  constexpr bf16() = default;
  template <class Number>
  requires std::is_arithmetic_v<Number>
  constexpr explicit bf16(Number value)
      : bits(rounded(std::bit_cast<std::uint32_t>(static_cast<float>(value)))) {}
  template <class Number>
  requires std::is_arithmetic_v<Number>
  constexpr explicit operator Number() const {
    return static_cast<Number>(std::bit_cast<float>(std::uint32_t{bits} << 16));
  }
  friend constexpr bool operator==(bf16 left, bf16 right) {
    return static_cast<float>(left) == static_cast<float>(right);
  }

 private:
  static constexpr std::uint16_t rounded(std::uint32_t value) {
    if ((value & 0x7fffffffU) > 0x7f800000U)  // not a number: stays one, and quiet
      return static_cast<std::uint16_t>(value >> 16 | 0x40U);
    return static_cast<std::uint16_t>((value + 0x7fffU + (value >> 16 & 1U)) >> 16);
  }
};

/// A number as an element of a floating-point type holds it. @pre is_float(type)
constexpr double rounded_to(dtype type, double number) {
  if (type == dtype::f32) return static_cast<double>(static_cast<float>(number));
  return type == dtype::bf16 ? static_cast<double>(bf16(number)) : number;
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
template <>
inline constexpr bool has_dtype<bf16> = true;
template <>
inline constexpr dtype dtype_of_impl<bf16> = dtype::bf16;
}  // namespace detail

/// True if a tensor may hold elements of this C++ type.
template <class Element>
inline constexpr bool is_element = detail::has_dtype<Element>;

/// The kind of a C++ element type. @pre is_element<Element>
template <class Element>
inline constexpr dtype dtype_of = detail::dtype_of_impl<Element>;

}  // namespace lathe
