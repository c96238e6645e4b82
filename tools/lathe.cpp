// The command line tool: parses the command line and runs one sub-command of lathe/.
// Exit status: 0 done; 1 failed; 2 wrong usage; 3 this machine has not what it takes (a library, a
// driver, a device).
#include <lathe/api/options.hpp>
#include <lathe/core/error.hpp>
#include <lathe/version.hpp>

#include "lathe/command.hpp"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

std::string version() {
  return "lathe " + std::to_string(LATHE_VERSION_MAJOR) + "." +
         std::to_string(LATHE_VERSION_MINOR) + "." + std::to_string(LATHE_VERSION_PATCH);
}

}  // namespace

int main(int count, char** words) {
  CLI::App app("Tensor operators that schedule and tune themselves.", "lathe");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.footer("Exit status: 0 done, 1 failed, 2 wrong usage, 3 not possible on this machine.");
  const std::vector<tools::command> commands = {
      tools::add_tune(app),   tools::add_explain(app), tools::add_export(app),
      tools::add_report(app), tools::add_cache(app),   tools::add_lab(app),
      tools::add_fpga(app),   tools::add_errors(app),  tools::add_completion(app)};
  try {
    app.parse(count, words);
    lathe::report_unknown_variables(lathe::read_environment());
    for (const tools::command& each : commands) {
      if (each.app->parsed()) return each.run();
    }
  } catch (const CLI::Error& problem) {
    return app.exit(problem) == 0 ? 0 : 2;  // 0: --help and --version
  } catch (const lathe::error& problem) {
    std::fprintf(stderr, "lathe: %s\n", problem.what());
    return problem.text().starts_with("unavailable: ") ? 3 : 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "lathe: %s\n", problem.what());
    return 1;
  }
  return 0;
}
