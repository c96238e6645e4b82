/// @file
/// lathe as a contestant: kernels for a case, tuned and estimated, under both contracts.
#pragma once

#include <lathe/api/kernel_core.hpp>

#include "case_record.hpp"
#include "contestant.hpp"
#include "operands.hpp"
#include "problem.hpp"
#include <string>
#include <vector>

namespace bench {

/// How lathe's kernel for a case is made.
struct kernel_choice {
  contract terms = contract::plain;  ///< plain or packed
  bool searches = true;              ///< false: the analytic schedule, nothing is measured
  double seconds = 30;               ///< [s] of search
  int threads = 1;
};

/// A kernel of lathe's and how it was found.
struct own_kernel {
  kernel_choice choice;
  lathe::shared<const lathe::kernel_core> core;
  std::string weights;          ///< operand that is bound, "" if none
  double choosing_seconds = 0;  ///< [s] that the analytic schedule took to choose
};

/// Makes a kernel; searches are remembered in lathe's cache.
/// @throws lathe::error if there is none, interrupted
own_kernel make_kernel(const problem& of, const kernel_choice& choice);

/// Appends the kernel, its weights bound if the contract says so, on `data`, which outlives it.
void enter(const own_kernel& kernel, const operands& data, std::vector<contestant>& into);

}  // namespace bench
