/// @file
/// Operators under schedules for GPUs, from the trace to numbers: what the nest computes in the
/// interpreter, and what its CUDA text computes in the simulator, is what the description says.
#pragma once

#include <lathe/target/cuda/cuda_source.hpp>

#include "property/pair.hpp"
#include <span>
#include <string>
#include <vector>

namespace test {

/// What came of one pair.
enum class gpu_outcome {
  refused,    ///< build() or emit_cuda() gave a reason
  too_large,  ///< more threads or shared memory than a device has, or too much for a test
  ran
};
struct gpu_verdict {
  gpu_outcome outcome = gpu_outcome::refused;
  lathe::cuda_source source;  ///< if it ran
  std::string failure;        ///< empty = everything agrees
};

/// Checks pairs; their texts are compiled together.
std::vector<gpu_verdict> check_on_gpu(std::span<const lathe::property::random_pair> pairs);

/// Drops steps of the trace for as long as the pair still fails.
lathe::property::random_pair shrink_on_gpu(lathe::property::random_pair pair);

/// How the results of a run differ from the pair's; "" if they do not.
std::string wrong_outputs(const lathe::property::random_pair& pair,
                          std::span<const std::vector<std::byte>> results);

/// The inputs of a pair, and room for its outputs.
std::vector<std::vector<std::byte>> arguments_of(const lathe::property::random_pair& pair);

}  // namespace test
