/// @file
/// What more time buys: searches of one operator with several time limits, and their winners timed
/// against each other, as the medians of two searches an hour apart cannot be compared.
#pragma once

#include <lathe/api/request.hpp>

#include "comparison.hpp"
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lab {

/// One search and its winner.
struct budget_run {
  std::string strategy;
  double seconds = 0;  ///< limit of the search [s]
  lathe::tuned how;
  std::vector<double> samples;  ///< per call of the winner, beside the others [s]
};

/// What compare_budgets() looks at.
struct budget_options {
  std::vector<std::string> strategies;
  std::vector<double> seconds;  ///< limits [s]
  /// Folder that keeps the winners, one below it for each search, so that what was found is not
  /// searched again; "" = none
  std::string keep;
};

/// Tunes with every strategy and every limit, one after the other; then calls the winners in turn,
/// on operands of the sizes and in the caches that tuning uses. Says on stderr how far it is.
/// @error lathe::error from the tuning
std::vector<budget_run> compare_budgets(const live_problem& problem, const budget_options& options);

/// A line per run: trials, time, speed, share of the fastest.
std::string text_of(const live_problem& problem, const std::vector<budget_run>& runs);

/// The same with all samples.
nlohmann::ordered_json json_of(const live_problem& problem, const std::vector<budget_run>& runs);

}  // namespace lab
