// lathe cache: what earlier tunings have found.
#include <lathe/store/cache.hpp>

#include "command.hpp"
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

using namespace lathe;

struct cache_command {
  CLI::App* list = nullptr;
  CLI::App* verify = nullptr;
  std::string directory;
  bool json = false;

  cache open() const {
    cache_options options;
    options.directory = directory;
    return cache::open(options);
  }

  static void print_problems(const store_report& report) {
    for (const std::string& line : report.messages) std::fprintf(stderr, "%s\n", line.c_str());
  }

  int run_list() const {
    const cache store = open();
    const lathe::sequence<winner> winners = store.list();
    print_problems(store.report());
    if (json) {
      nlohmann::ordered_json out = nlohmann::ordered_json::array();
      for (const winner& each : winners)
        out.push_back({{"operator", each.key.op},
                       {"extents", each.key.extents},
                       {"threads", each.key.threads},
                       {"bound", each.key.bound},
                       {"target", each.key.target},
                       {"gflops", each.gflops},
                       {"median_seconds", each.median_seconds},
                       {"best_seconds", each.best_seconds},
                       {"origin", name_of(each.origin)},
                       {"date", each.date},
                       {"trace", each.trace}});
      std::printf("%s\n", out.dump(2).c_str());
      return 0;
    }
    std::printf("%zu kernels in %s\n", winners.size(),
                store.directory().empty() ? "memory (no directory)" : store.directory().c_str());
    for (const winner& each : winners)
      std::printf("%-18s %2d thread%s %9.4g ms %8.4g GFLOP/s  %-8s %s  %s\n", each.key.op.c_str(),
                  each.key.threads, each.key.threads == 1 ? " " : "s", 1e3 * each.median_seconds,
                  each.gflops, name_of(each.origin), each.date.c_str(), each.key.extents.c_str());
    return 0;
  }

  int run_verify() const {
    const cache store = open();
    const store_report report = store.verify();
    print_problems(report);
    if (json) {
      nlohmann::ordered_json out;
      out["directory"] = store.directory();
      out["clean"] = report.clean();
      out["records"] = report.records;
      out["torn"] = report.torn;
      out["damaged"] = report.damaged;
      out["malformed"] = report.malformed;
      out["newer"] = report.newer;
      out["refused"] = report.refused;
      out["messages"] = report.messages;
      std::printf("%s\n", out.dump(2).c_str());
      return report.clean() ? 0 : 1;
    }
    std::printf("%s: %zu records, %zu torn, %zu damaged, %zu malformed, %zu newer, %zu refused\n",
                store.directory().empty() ? "no directory" : store.directory().c_str(),
                report.records, report.torn, report.damaged, report.malformed, report.newer,
                report.refused);
    return report.clean() ? 0 : 1;
  }
};

}  // namespace

command add_cache(CLI::App& app) {
  const auto state = std::make_shared<cache_command>();
  CLI::App* const own = app.add_subcommand("cache", "Look at the kernels found so far");
  own->require_subcommand(1);
  state->list = own->add_subcommand("list", "List the best kernel of every problem");
  state->verify =
      own->add_subcommand("verify", "Read every record again; exit status 1 if one is damaged");
  for (CLI::App* each : {state->list, state->verify}) {
    each->add_flag("--json", state->json, "with all fields, as JSON");
    each->add_option("--dir", state->directory,
                     "folder; default $LATHE_CACHE_DIR, else $XDG_CACHE_HOME/lathe");
  }
  return {own, [state] { return state->list->parsed() ? state->run_list() : state->run_verify(); }};
}

}  // namespace tools
