/// @file
/// Which cases a run is about. In: the command line. Out: yes or no per case.
#pragma once

#include "problem.hpp"
#include <string>
#include <vector>

namespace bench {

/// Patterns for fnmatch(3); no pattern: all.
struct selection {
  std::vector<std::string> ops, names;
  bool quick = false;  ///< only the cases marked so

  bool wants(const problem& of) const;
};

/// One line per case.
std::string list_of(const std::vector<problem>& cases);

/// "library", "extra" or "custom".
std::string word_of(group counts_for);

}  // namespace bench
