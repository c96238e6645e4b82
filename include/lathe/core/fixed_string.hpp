/// @file
/// A string literal as a template argument: the names of axes, tensors and operators.
#pragma once

#include <lathe/core/diagnose.hpp>

#include <cstddef>

namespace lathe {

/// Up to 31 characters, usable as a non-type template parameter: `axis<"row">`.
/// Not a class template, because nvcc does not match partial specialisations over placeholders of
/// class templates.
struct fixed_string {
  static constexpr std::size_t max_size = 31;
  char text[max_size + 1]{};  ///< zero-terminated

  constexpr fixed_string() = default;

  /// From a string literal of 1 to 31 characters.
  /// @error E020 if it is empty or longer
  template <std::size_t Size>
  constexpr fixed_string(const char (&literal)[Size]) {  // NOLINT(google-explicit-constructor)
    static_assert(rule::name_length_is_between_1_and_31<Size - 1>, LATHE_E020);
    if constexpr (rule::name_length_is_between_1_and_31<Size - 1>) {
      for (std::size_t n = 0; n < Size; ++n) text[n] = literal[n];
    }
  }

  /// From zero-terminated text, cut at 31 characters.
  static constexpr fixed_string copy_of(const char* source) {
    fixed_string result;
    for (std::size_t n = 0; n < max_size && source[n] != 0; ++n) result.text[n] = source[n];
    return result;
  }

  /// Number of characters before the terminating zero.
  constexpr std::size_t size() const {
    std::size_t count = 0;
    while (text[count] != 0) ++count;
    return count;
  }
};

/// True if two zero-terminated texts are equal.
constexpr bool same_text(const char* left, const char* right) {
  while (*left != 0 && *left == *right) {
    ++left;
    ++right;
  }
  return *left == *right;
}

/// A borrowed name that compares with string literals: `desc.axis_name(0, 0) == "i"`.
struct text_ref {
  const char* text = "";  ///< zero-terminated
  friend constexpr bool operator==(const text_ref& left, const char* right) {
    return same_text(left.text, right);
  }
};

}  // namespace lathe
