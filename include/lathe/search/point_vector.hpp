/// @file
/// A point as a vector of numbers of equal scale. In: a space and a point. Out: coordinates in
/// [0, 1]. Called by q_method.hpp (input of the network) and bayesian_search.hpp (distances).
#pragma once

#include <lathe/core/sequence.hpp>
#include <lathe/schedule/point.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe {

/// How an unordered site becomes coordinates.
enum class unordered_as : unsigned char {
  number,  ///< one, the choices at equal distances in the order of the list
  choices  ///< one per choice, 1 for the one that is taken; long lists as number
};

/// Sites of one choice have no coordinate.
template <class Number>
sequence<Number> point_vector(const search_space& space, const point& at, unordered_as how) {
  constexpr std::int32_t most_coordinates = 16;
  sequence<Number> out;
  for (std::size_t index = 0; index < space.sites.size(); ++index) {
    const site& each = space.sites[index];
    if (each.choices < 2) continue;
    const std::int32_t choice = at.choices[index];
    if (how == unordered_as::choices && each.moves.empty() && each.choices <= most_coordinates) {
      for (std::int32_t n = 0; n < each.choices; ++n)
        out.push_back(n == choice ? Number(1) : Number(0));
    } else {
      out.push_back(static_cast<Number>(choice) / static_cast<Number>(each.choices - 1));
    }
  }
  return out;
}

}  // namespace lathe
