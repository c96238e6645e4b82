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
command add_cache(CLI::App& app);
command add_lab(CLI::App& app);
command add_fpga(CLI::App& app);
command add_errors(CLI::App& app);
command add_completion(CLI::App& app);

/// What tune, explain and export need: an operator and what is known about its calls.
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

}  // namespace tools
