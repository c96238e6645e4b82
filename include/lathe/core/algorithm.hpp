/// @file
/// Searching, sorting, smallest and largest, without `<algorithm>`: it costs every TU 60 ms of
/// parsing and each use of std::ranges up to 10 ms more. Ranges are anything with begin() and
/// end().
#pragma once

#include <lathe/core/sequence.hpp>

#include <cstddef>

namespace lathe {

/// The smaller of two values, `left` if they are equal.
template <class Value>
constexpr Value smaller(Value left, Value right) {
  return right < left ? right : left;
}

/// The larger of two values, `left` if they are equal.
template <class Value>
constexpr Value larger(Value left, Value right) {
  return left < right ? right : left;
}

/// `value`, or the bound that it is beyond. @pre low <= high
template <class Value>
constexpr Value clamped(Value value, Value low, Value high) {
  return value < low ? low : high < value ? high : value;
}

/// True if two ranges have equal elements in the same order.
template <class Left, class Right>
constexpr bool equal(const Left& left, const Right& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t at = 0; at != left.size(); ++at)
    if (!(left[at] == right[at])) return false;
  return true;
}

/// True if `wanted(element)` is for at least one element.
template <class Range, class Predicate>
constexpr bool any_of(const Range& range, const Predicate& wanted) {
  for (const auto& each : range)
    if (wanted(each)) return true;
  return false;
}

/// True if `wanted(element)` is for every element.
template <class Range, class Predicate>
constexpr bool all_of(const Range& range, const Predicate& wanted) {
  for (const auto& each : range)
    if (!wanted(each)) return false;
  return true;
}

/// Index of the first element equal to `value`; the number of elements if there is none.
template <class Range, class Value>
constexpr std::size_t position(const Range& range, const Value& value) {
  std::size_t at = 0;
  for (const auto& each : range) {
    if (each == value) break;
    ++at;
  }
  return at;
}

/// True if an element equals `value`.
template <class Range, class Value>
constexpr bool contains(const Range& range, const Value& value) {
  return any_of(range, [&](const auto& each) { return each == value; });
}

/// Sorts by `before(left, right)`; equal elements keep their order. Merge sort: O(n log n).
template <class Value, class Before>
LATHE_COLD void sort(sequence<Value>& range, const Before& before) {
  const std::size_t size = range.size();
  sequence<Value> merged;
  for (std::size_t run = 1; run < size; run *= 2) {
    merged.clear();
    merged.reserve(size);
    for (std::size_t start = 0; start < size; start += 2 * run) {
      const std::size_t middle = start + run < size ? start + run : size;
      const std::size_t end = middle + run < size ? middle + run : size;
      for (std::size_t left = start, right = middle; left != middle || right != end;) {
        const bool take_right =
            left == middle || (right != end && before(range[right], range[left]));
        merged.push_back(static_cast<Value&&>(range[take_right ? right++ : left++]));
      }
    }
    range.swap(merged);
  }
}

/// Sorts ascending.
template <class Value>
void sort(sequence<Value>& range) {
  sort(range, [](const Value& left, const Value& right) { return left < right; });
}

/// Removes elements equal to their predecessor.
template <class Value>
LATHE_COLD void remove_repeated(sequence<Value>& range) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at != range.size(); ++at) {
    if (kept != 0 && range[kept - 1] == range[at]) continue;
    if (kept != at) range[kept] = static_cast<Value&&>(range[at]);
    ++kept;
  }
  range.erase(range.begin() + kept, range.end());
}

}  // namespace lathe
