// The command line tool: parses the command line and runs one sub-command of lathe/.
// Exit status: 0 done, 1 failed, 2 wrong usage.
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
  const std::vector<tools::command> commands = {tools::add_tune(app), tools::add_explain(app), tools::add_export(app),
                                                tools::add_cache(app), tools::add_lab(app),
                                                tools::add_fpga(app)};
  try {
    app.parse(count, words);
    for (const tools::command& each : commands) {
      if (each.app->parsed()) return each.run();
    }
  } catch (const CLI::Error& problem) {
    return app.exit(problem) == 0 ? 0 : 2;  // 0: --help and --version
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "lathe: %s\n", problem.what());
    return 1;
  }
  return 0;
}
