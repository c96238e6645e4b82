/// @file
/// Strategies against each other, on recorded tables or on this machine. In: problems, strategies,
/// seeds. Out: one run per combination, and what they show together. Called by `lathe lab`;
/// report.hpp shows it.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/request.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/search/point_features.hpp>
#include <lathe/search/table.hpp>

#include "statistics.hpp"
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
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
  /// As make_strategy() knows them; "random" is added, as what they are compared with.
  std::vector<std::string> strategies;
  int seeds = 10;
  int trials = 200;   ///< of a search on a table
  bool warm = false;  ///< searches on tables begin with the analytic schedule, as tune() does
  /// What strategies that learn see of the points of a table; null: their choices.
  std::function<std::unique_ptr<lathe::point_features>(const named_table& of)> features;
};

/// What is searched.
struct subject {
  std::string name;         ///< short
  std::string description;  ///< one line
  double best_seconds = 0;  ///< of the whole table; on this machine: of all runs [s]
  int trials = 0;  ///< over which curves are judged: on this machine, those of the longest run
  std::size_t programs = 0;  ///< of the table; 0 on this machine
  double hardness = 0;       ///< of the table
};

/// One search.
struct search_run {
  std::string strategy;
  std::size_t subject = 0;  ///< its position
  std::uint64_t seed = 0;
  curve progress;  ///< on tables, seconds are those recorded, and the strategy's own
  int trials = 0;
  int pruned = 0;
  std::array<int, lathe::failure_count> outcomes{};
  double compile_seconds = 0, run_seconds = 0, model_seconds = 0;
};

/// What a strategy's runs on one subject, or on all, show: means over subjects, with bootstrap
/// intervals over the seeds.
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
  std::vector<subject> subjects;
  std::vector<search_run> runs;  ///< by strategy, subject, seed
  bool live = false;             ///< on this machine

  /// Runs of one strategy on one subject, by seed.
  std::vector<const search_run*> runs_of(const std::string& strategy, std::size_t subject) const;
  /// Over all subjects; over one alone if `only` is its position.
  verdict judge(const std::string& strategy, int only = -1) const;
};

/// Runs everything on tables; the same every time but for the strategies' own seconds. Says on
/// stderr how far it is.
comparison compare(const std::vector<named_table>& tables, comparison_options options);

/// An operator to be tuned here.
struct live_problem {
  std::string title;              ///< "gemm M=192 N=192 K=192"
  lathe::desc_view desc;          ///< of what lives as long as this
  lathe::tuning_request request;  ///< limits; strategy, seed and cache are set for every run
};

/// The same on this machine: every run is a whole tuning without a cache, which begins with the
/// analytic schedule. Runs of one seed follow each other, so that a change of the machine's speed
/// hits all strategies alike. @error lathe::error from the tuning
comparison compare_live(const std::vector<live_problem>& problems, comparison_options options);

}  // namespace lab
