/// @file
/// What the examples share: numbers to compute with, a clock, and the last line they print.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace example {

/// Small integers. Their sums of products are exact in floating point, in whatever order they are
/// added, so results can be compared with ==.
template <class Element = float>
std::vector<Element> small_integers(std::size_t count) {
  std::vector<Element> out(count);
  for (std::size_t at = 0; at < count; ++at)
    out[at] = static_cast<Element>((at * 7 + at / 11) % 5) - 2;
  return out;
}

/// Fewest seconds of several calls.
template <class Call>
double best_seconds(const Call& call, int repeats = 10) {
  double best = 1e9;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    call();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (taken.count() < best) best = taken.count();
  }
  return best;
}

/// The first number of the command line, or a default.
inline double first_number(int count, char** words, double otherwise) {
  return count > 1 ? std::atof(words[1]) : otherwise;
}

/// Exit status of the example.
inline int finish(bool right) {
  std::puts(right ? "check: equal to evaluate()" : "check: DIFFERENT from evaluate()");
  return right ? 0 : 1;
}

}  // namespace example
