/// @file
/// lathe's contestants on a GPU: tuned, by estimate, and naive. In: a case and its operands on the
/// device. Out: contestants, and what the record says about them.
#pragma once

#include "case_record.hpp"
#include "contestant.hpp"
#include "device_operands.hpp"
#include "problem.hpp"
#include <string>
#include <vector>

namespace bench {

/// How kernels are searched.
struct gpu_search {
  double seconds = 30;  ///< per kernel
  int trials = 0;       ///< most candidates, 0 = no limit
  bool tf32 = false;    ///< also with tensor cores, which round the factors: a search of its own
};

/// Appends the tuned kernel, the one of the analytic schedule, and the naive one: a thread per
/// point of the output, nothing else. Searches are remembered in lathe's cache.
/// @return one row per kernel: origin, trials, seconds of search, trace
/// @throws lathe::error if there is none; interrupted
record enter_lathe(const problem& of, const gpu_search& how, const device_operands& data,
                   std::vector<contestant>& into);

}  // namespace bench
