/// @file
/// Strategies against each other on recorded tables. In: tables, strategies, seeds. Out: one run
/// per combination, and what they show together. Called by `lathe lab`; report.hpp shows it.
#pragma once

#include <lathe/measure/record.hpp>
#include <lathe/search/table.hpp>

#include "statistics.hpp"
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace lab {

/// A table and where it was read.
struct named_table {
  std::string name;  ///< of its file, without folder and ending
  lathe::recorded_table table;
};

/// All files *.table of a folder, by name. @error lathe::error LATHE-E512 with the file's name,
/// std::runtime_error if there is none
std::vector<named_table> read_tables(const std::string& folder);

/// What is compared.
struct comparison_options {
  std::vector<std::string>
      strategies;  ///< names; "random" is added, as what they are compared with
  int seeds = 10;
  int trials = 400;
  bool warm = false;  ///< searches begin with the analytic schedule, as tune() does
};

/// One search.
struct search_run {
  std::string strategy;
  std::size_t table = 0;  ///< its position
  std::uint64_t seed = 0;
  curve progress;  ///< seconds: compiling and running as recorded, and the strategy's own
  int trials = 0;
  int pruned = 0;
  std::array<int, lathe::failure_count> outcomes{};
  double compile_seconds = 0, run_seconds = 0, model_seconds = 0;
};

/// What a strategy's runs on one table, or on all, show. Medians over seeds for one table; for all,
/// means over tables with bootstrap intervals over seeds.
struct verdict {
  std::string strategy;
  estimate area;                                ///< area_under()
  estimate area_gain;                           ///< minus random's
  estimate trials_to_95;                        ///< to 95 % of the best, geometric mean
  estimate trials_share;                        ///< over random's, geometric mean
  estimate final_share;                         ///< of the best at the end, geometric mean
  double censored = 0;                          ///< share of the runs that never came to 95 %
  double model_seconds = 0;                     ///< of the strategy itself, per trial [s]
  double compile_seconds = 0, run_seconds = 0;  ///< of a run, mean [s]
};

/// Everything.
struct comparison {
  comparison_options options;
  std::vector<named_table> tables;
  std::vector<search_run> runs;  ///< by strategy, table, seed

  /// Runs of one strategy on one table, by seed.
  std::vector<const search_run*> runs_of(const std::string& strategy, std::size_t table) const;
  /// Over all tables; over one alone if `only` is its position.
  verdict judge(const std::string& strategy, int only = -1) const;
};

/// Runs everything; the same every time but for the strategies' own seconds. Says on stderr how far
/// it is.
comparison compare(std::vector<named_table> tables, comparison_options options);

}  // namespace lab
