/// @file
/// What the machine can do at most, measured: multiply-adds and reading from each level of memory.
#pragma once

#include "problem.hpp"
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Upper bounds of one thread.
struct machine {
  std::string model;      ///< processor and instruction set
  double f32_gflops = 0;  ///< [GFLOP/s] fused multiply-adds count 2
  double f64_gflops = 0;  ///< [GFLOP/s]
  /// Working sets [bytes], rising, and the rate at which one of that size is read again [GB/s].
  std::vector<std::pair<double, double>> bandwidth;

  /// [GB/s] for a working set of `bytes`, interpolated.
  double read_bandwidth(double bytes) const;
  /// Least time of a case with `threads` threads [s]: its multiply-adds or its traffic, warm.
  double least_seconds(const problem& of, int threads) const;
};

/// Measures this machine; about a second.
machine measure_machine();

/// Multiply-adds on `threads` threads for about a millisecond: the slowest thread's share of what
/// one undisturbed thread does, at best 1.
double share_of_cores(int threads);

/// One round of reading `bytes` bytes; the sum keeps the compiler from leaving it out.
float read_once(const float* data, std::size_t count);
/// `rounds` rounds of independent multiply-adds. @returns floating-point operations done
double multiply_add(long rounds);

}  // namespace bench
