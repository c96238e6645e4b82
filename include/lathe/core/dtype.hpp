/// @file
/// Element types: the closed list of scalar kinds a tensor can hold, and their C++ counterparts.
#pragma once

#include <cstdint>

namespace lathe {

/// Kind of a scalar. `weak_*` are literals that take the element type of the other operand.
enum class dtype : unsigned char { weak_int, weak_float, boolean, i8, u8, i32, i64, f32, f64 };

/// Size of one element in bytes (boolean: 1; weak kinds: 8).
constexpr int size_of(dtype kind) {
  switch (kind) {
    case dtype::boolean:
    case dtype::i8:
    case dtype::u8: return 1;
    case dtype::i32:
    case dtype::f32: return 4;
    default: return 8;
  }
}

/// True for f32, f64 and weak floating literals.
constexpr bool is_float(dtype kind) {
  return kind == dtype::f32 || kind == dtype::f64 || kind == dtype::weak_float;
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
  }
  return "?";
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
}  // namespace detail

/// True if a tensor may hold elements of this C++ type.
template <class Element>
inline constexpr bool is_element = detail::has_dtype<Element>;

/// The kind of a C++ element type. @pre is_element<Element>
template <class Element>
inline constexpr dtype dtype_of = detail::dtype_of_impl<Element>;

}  // namespace lathe
