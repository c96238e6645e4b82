/// @file
/// Bodies of compare.hpp: element-wise comparison per type and the text of the first mismatch.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/measure/buffer.hpp>
#include <lathe/measure/compare.hpp>

#include <cstdio>
#include <cstring>
#include <type_traits>

namespace lathe {

namespace detail {

template <class Element>
std::string value_text(Element value) {
  if constexpr (std::is_floating_point_v<Element>) {
    char text[40];
    // Enough digits to tell the two values apart, whatever their difference.
    std::snprintf(text, sizeof text, "%.*g", std::is_same_v<Element, float> ? 9 : 17,
                  static_cast<double>(value));
    return text;
  } else if constexpr (is_element<Element> && is_half(dtype_of<Element>)) {
    return value_text(static_cast<float>(value));
  } else {
    return std::to_string(value);
  }
}

/// "[3,17]" for a flat row-major index; "" for a scalar.
inline std::string index_text(std::int64_t flat, const sequence<std::int64_t>& extents) {
  if (extents.empty()) return {};
  std::string text;
  for (std::size_t dimension = extents.size(); dimension-- > 0;) {
    const std::int64_t extent = extents[dimension];
    const std::string separator = dimension == 0 ? "[" : ",";
    text.insert(0, separator + std::to_string(flat % extent));
    flat /= extent;
  }
  return text + "]";
}

/// Same value for every reader: equal bits, or zeros of either sign. NaN equals no other NaN.
template <class Element>
bool is_same_value(Element got, Element expected) {
  return std::memcmp(&got, &expected, sizeof(Element)) == 0 || got == expected;
}

template <class Element>
bool is_within_bound(Element got, double reference, double bound) {
  const double value = static_cast<double>(got);
  if (math::isnan(reference)) return math::isnan(value);
  if (math::isinf(value)) {
    // An overflow is right where the reference is beyond the range of the type, too.
    return math::signbit(value) == math::signbit(reference) &&
           math::isinf(static_cast<double>(static_cast<Element>(reference)));
  }
  return math::abs(value - reference) <= bound;
}

/// Applies `is_right(n)` to all elements; `wanted_text(n)` says what element n should have been.
template <class Element, class IsRight, class WantedText>
comparison compare_elements(const Element* got, const expectation& wanted, IsRight is_right,
                            WantedText wanted_text) {
  const std::int64_t count = wanted.elements();
  comparison verdict;
  std::int64_t first = -1;
  for (std::int64_t n = 0; n < count; ++n) {
    if (is_right(n)) continue;
    if (first < 0) first = n;
    ++verdict.wrong;
  }
  if (first >= 0) {
    verdict.text = wanted.name + index_text(first, wanted.extents) + ": expected " +
                   wanted_text(first) + ", got " + value_text(got[first]) + ", " +
                   std::to_string(verdict.wrong) + " of " + std::to_string(count) + " wrong";
  }
  return verdict;
}

template <class Element>
comparison compare_typed(const Element* got, const expectation& wanted) {
  if (!wanted.bounded()) {
    const auto* expected = reinterpret_cast<const Element*>(wanted.expected.data());
    return compare_elements(
        got, wanted, [&](std::int64_t n) { return is_same_value(got[n], expected[n]); },
        [&](std::int64_t n) { return value_text(expected[n]); });
  }
  const auto bound = [&](std::int64_t n) {
    const double reference = wanted.reference[n];
    const double magnitude = wanted.magnitude.empty() ? math::abs(reference) : wanted.magnitude[n];
    return error_bound(wanted.type, reference, magnitude, wanted.terms, wanted.function_ulps);
  };
  return compare_elements(
      got, wanted,
      [&](std::int64_t n) { return is_within_bound(got[n], wanted.reference[n], bound(n)); },
      [&](std::int64_t n) {
        return value_text(wanted.reference[n]) + " +- " + value_text(static_cast<float>(bound(n)));
      });
}

inline comparison compare_as_type(const void* got, const expectation& wanted) {
  switch (wanted.type) {
    case dtype::boolean:
    case dtype::u8: return compare_typed(static_cast<const std::uint8_t*>(got), wanted);
    case dtype::i8: return compare_typed(static_cast<const std::int8_t*>(got), wanted);
    case dtype::i32: return compare_typed(static_cast<const std::int32_t*>(got), wanted);
    case dtype::f32: return compare_typed(static_cast<const float*>(got), wanted);
    case dtype::bf16: return compare_typed(static_cast<const bf16*>(got), wanted);
    case dtype::f16: return compare_typed(static_cast<const f16*>(got), wanted);
    case dtype::f64:
    case dtype::weak_float: return compare_typed(static_cast<const double*>(got), wanted);
    case dtype::i64:
    case dtype::weak_int: break;
  }
  return compare_typed(static_cast<const std::int64_t*>(got), wanted);
}

}  // namespace detail

LATHE_INLINE std::int64_t expectation::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : extents) product *= extent;
  return product;
}

LATHE_INLINE double error_bound(dtype type, double reference, double magnitude, double terms,
                                double function_ulps) {
  if (!is_float(type)) return 0;
  const double roundoff = type == dtype::f64 ? 0x1p-53 : 0x1p-24;  // halves: of what is computed
  const double stored = type == dtype::bf16 ? 0x1p-9 : type == dtype::f16 ? 0x1p-12 : roundoff;
  // Below its smallest normal number f16 has a fixed distance between neighbours.
  const double size = larger(math::abs(reference), type == dtype::f16 ? 0x1p-14 : 0.0);
  const double growth = larger(16.0, 2 * math::sqrt(terms));
  return (growth + 2 * function_ulps) * roundoff * magnitude + 4 * stored * size;
}

LATHE_INLINE comparison compare(const void* got, const expectation& wanted) {
  const std::int64_t count = wanted.elements();
  comparison verdict = detail::compare_as_type(got, wanted);
  verdict.untouched = count_untouched(got, wanted.type, count);
  if (verdict.untouched * 20 > count) {
    // The usual cause of many mismatches at once, so it is said instead of the first mismatch.
    verdict.text = wanted.name + ": " + std::to_string(verdict.untouched) + " of " +
                   std::to_string(count) + " elements were never written";
  }
  return verdict;
}

}  // namespace lathe
