/// @file
/// Whom lathe is compared with: one file per library. Each enters the ways it can compute a case; a
/// library that has none enters nothing.
#pragma once

#include "../contestant.hpp"
#include "../operands.hpp"
#include "../problem.hpp"
#include <string>
#include <vector>

namespace bench {

using contestants = std::vector<contestant>;

/// One library as the bench found it.
struct peer {
  std::string name;
  std::string version;  ///< with the kernels it chose for this processor; why not, if it is absent
  bool present = false;
  void (*set_threads)(int threads) = nullptr;
  /// Appends the library's ways to compute `of` on `data`, which outlives them.
  void (*enter)(const problem& of, const operands& data, contestants& into) = nullptr;
};

peer find_openblas();
peer find_blis();
peer find_libxsmm();
peer find_onednn();
peer find_eigen();
peer find_torch();
peer find_halide();
peer find_naive_gcc();
peer find_naive_clang();

/// All of them, present or not.
const std::vector<peer>& all_peers();
/// Threads that peers use from now on.
void set_threads(int threads);
/// The last set_threads().
int threads();

}  // namespace bench
