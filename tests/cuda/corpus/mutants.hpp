/// @file
/// The mistakes of mutation.hpp in the emitted text of a pair: which of them the simulator notices.
#pragma once

#include "cuda/corpus/gpu_checker.hpp"
#include "cuda/simulator/mutation.hpp"
#include <map>
#include <string>

namespace test {

/// What came of the mutants of one kind.
struct mutant_count {
  int noticed = 0, survived = 0;
  int without_effect = 0;  ///< conditions that have the same value with these extents
  std::string survivors;   ///< the lines before and after
};

/// Makes and runs all mutants. @pre check_on_gpu() finds nothing wrong with the pair
std::map<cuda_simulator::mistake, mutant_count> count_mutants(
    const lathe::property::random_pair& pair);

}  // namespace test
