/// @file
/// The sub-commands of `lathe`. Each adds its options to the application and returns what to run if
/// the command line names it.
#pragma once

#include <lathe/api/options.hpp>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace tools {

/// One sub-command.
struct command {
  CLI::App* app;             ///< parsed() if it is the one to run
  std::function<int()> run;  ///< returns the exit status
};

command add_tune(CLI::App& app);
command add_explain(CLI::App& app);
command add_export(CLI::App& app);
command add_report(CLI::App& app);
command add_cache(CLI::App& app);
command add_lab(CLI::App& app);
command add_fpga(CLI::App& app);
command add_errors(CLI::App& app);
command add_completion(CLI::App& app);

/// What tune, explain, export and report need: an operator and what is known about its calls.
struct problem_options {
  std::string name;
  std::vector<std::string> extents;
  std::string type = "f32";
  std::optional<int> threads;
  std::vector<std::string> bound;
  bool strict_fp = false;

  void add_to(CLI::App& command);
  /// Resolved with the environment, for this machine. @error lathe::error
  lathe::tuning_request request(const lathe::desc_view& desc, lathe::tune_options options) const;
};

/// A schedule, where it is from, and how long a call took when it was found.
struct known_schedule {
  lathe::trace steps;
  std::string from;
  double seconds = 0;  ///< [s] per call, median; 0 = not known
};

/// The schedule given as text, else that of the winner in the cache, else the analytic one.
/// @error lathe::error if the text is none
known_schedule schedule_of(const std::optional<std::string>& given, const lathe::desc_view& desc,
                           const lathe::tuning_request& request);

}  // namespace tools
