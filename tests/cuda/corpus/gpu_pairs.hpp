/// @file
/// Which pairs the random tests check, and what their texts were made of.
#pragma once

#include "cuda/corpus/gpu_checker.hpp"
#include <cstdint>
#include <string>

namespace test {

/// A random operator, a product or a convolution of random sizes, with a schedule for GPUs.
lathe::property::random_pair gpu_pair(std::uint64_t seed);

/// What was checked.
struct gpu_coverage {
  int pairs = 0, ran = 0, refused = 0, too_large = 0;
  int threads = 0;    ///< texts with more than one thread per block
  int blocks = 0;     ///< with more than one block
  int barriers = 0;   ///< with shared memory and barriers
  int vectors = 0;    ///< with accesses of 8 or 16 bytes
  int bound = 0;      ///< with kernels for bind()
  int pipelines = 0;  ///< with asynchronous copies
  void add(const gpu_verdict& of);
};
std::string to_text(const gpu_coverage& of);

}  // namespace test
