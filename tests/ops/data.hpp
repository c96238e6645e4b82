/// @file
/// Inputs for the tests of ready-made operators: small integers, so that sums are exact.
#pragma once

#include <lathe/core/random.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace test {

/// `count` non-zero integers from -4 to 4, different for each `stream`.
template <class Element = float>
std::vector<Element> integers(int count, std::uint64_t stream) {
  lathe::random_engine random(1, stream);
  std::vector<Element> made(static_cast<std::size_t>(count));
  for (Element& each : made) {
    const int value = 1 + static_cast<int>(random.below(4));
    each = static_cast<Element>(random.chance(0.5) ? value : -value);
  }
  return made;
}

/// Row-major position of an element.
inline std::size_t at(std::initializer_list<int> index, std::initializer_list<int> shape) {
  std::size_t position = 0;
  auto extent = shape.begin();
  for (const int each : index) {
    position = position * static_cast<std::size_t>(*extent++) + static_cast<std::size_t>(each);
  }
  return position;
}

}  // namespace test
