/// @file
/// The operators of lathe/ops in odd sizes, under schedules of the GPU's space. What the tests of
/// emitted CUDA run: in the simulator, with mistakes made on purpose, and through NVRTC.
#pragma once

#include "property/pair.hpp"
#include <cstdint>
#include <string>
#include <vector>

namespace test {

/// An operator, the inputs whose values stay the same over many calls, and numbers.
struct corpus_operator {
  std::string name;
  lathe::property::random_operator source;
};

/// Every operator of lathe/ops, with extents that no tile divides.
std::vector<corpus_operator> corpus_operators();

/// The estimate for an H200 and `points` random points of the space, each with numbers: small
/// integers other than 0, so that every element matters.
std::vector<lathe::property::random_pair> corpus_pairs(const corpus_operator& of, int points,
                                                       std::uint64_t seed);

/// The same with a schedule by hand.
lathe::property::random_pair corpus_pair(const corpus_operator& of, lathe::trace steps);

}  // namespace test
