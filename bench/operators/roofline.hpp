/// @file
/// What the machine can do at most, measured: multiply-adds, and reading and copying at each level
/// of memory.
#pragma once

#include "problem.hpp"
#include <string>
#include <vector>

namespace bench {

/// Rates [GB/s] of one thread going through a working set of some size again and again.
struct bandwidth {
  double bytes = 0;
  double read = 0;
  double copy =
      0;  ///< bytes read + bytes written; the better of stores through and past the caches
};

/// Upper bounds of one thread.
struct machine {
  std::string model;              ///< processor and instruction set
  double f32_gflops = 0;          ///< [GFLOP/s] fused multiply-adds count 2
  double f64_gflops = 0;          ///< [GFLOP/s]
  std::vector<bandwidth> memory;  ///< by rising working set

  /// The rates for a working set of `bytes`, interpolated.
  bandwidth at(double bytes) const;
  /// Least time of a case with `threads` threads [s]: its multiply-adds or its traffic, warm. What
  /// is written is copied from inputs, as far as there are any; the other inputs are only read.
  double least_seconds(const problem& of, int threads) const;
};

/// Measures this machine; about a second.
machine measure_machine();

/// Multiply-adds on `threads` threads for about a millisecond: the slowest thread's share of what
/// one undisturbed thread does, at best 1.
double share_of_cores(int threads);

/// Reads `count` elements; the sum keeps the compiler from leaving it out.
float read_once(const float* data, std::size_t count);
/// Copies `count` elements. @param past_caches  with non-temporal stores
/// @pre both are on cache lines
void copy_once(const float* from, float* to, std::size_t count, bool past_caches);
/// `rounds` rounds of independent multiply-adds. @returns floating-point operations done
double multiply_add(long rounds);

}  // namespace bench
