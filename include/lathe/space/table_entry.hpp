/// @file
/// Sites whose choices are the entries of an ascending table of factors. In: a table and a value or
/// an extent. Out: numbers of entries. Called by the spaces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe::detail {

/// Number of leading entries of an ascending table that make a difference for an extent.
template <std::size_t Count>
inline std::int32_t useful_entries(const std::array<std::int64_t, Count>& table,
                                   std::int64_t extent) {
  std::int32_t count = 1;
  while (static_cast<std::size_t>(count) < Count &&
         table[static_cast<std::size_t>(count) - 1] < extent)
    ++count;
  return count;
}

/// Position of the entry of the first `count` that is nearest to a value.
template <class Entry>
inline std::int32_t nearest_of(std::span<const Entry> table, Entry value, std::int32_t count) {
  std::int32_t best = 0;
  for (std::int32_t at = 1; at < count; ++at) {
    const auto distance = [&](std::int32_t entry) {
      const Entry size = table[static_cast<std::size_t>(entry)];
      return size > value ? size - value : value - size;
    };
    if (distance(at) < distance(best)) best = at;
  }
  return best;
}

template <class Entry, std::size_t Count>
inline std::int32_t nearest_entry(const std::array<Entry, Count>& table, std::int64_t value,
                                  std::int32_t count) {
  return nearest_of(std::span<const Entry>(table), static_cast<Entry>(value), count);
}

}  // namespace lathe::detail
