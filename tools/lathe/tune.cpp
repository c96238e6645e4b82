// lathe tune: searches for the best kernel of an operator of the library and keeps it in the cache.
#include <lathe/api/session.hpp>
#include <lathe/search/strategies.hpp>

#include "../interrupt.hpp"
#include "command.hpp"
#include "operators.hpp"
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

using namespace lathe;

struct tune_command {
  problem_options problem;
  bool list = false, json = false;
  std::string effort, strategy;
  tune_options options;

  int print_list() const {
    if (json) {
      nlohmann::ordered_json out = nlohmann::ordered_json::array();
      for (const library_operator& one : library_operators()) {
        out.push_back({{"operator", one.name}, {"what", one.what}});
        for (const extent& each : one.extents) {
          nlohmann::ordered_json about{{"name", each.name}, {"what", each.what}};
          if (each.fallback >= 0) about["default"] = each.fallback;
          out.back()["extents"].push_back(about);
        }
      }
      std::printf("%s\n", out.dump(2).c_str());
      return 0;
    }
    for (const library_operator& one : library_operators())
      std::printf("%-76s %s\n", usage_of(one).c_str(), one.what);
    return 0;
  }

  static void print_json(const tuned& how, const std::string& title,
                         const tuning_request& request) {
    nlohmann::ordered_json out;
    out["operator"] = title;
    out["threads"] = request.threads;
    out["bound"] = request.bound;
    out["instruction_set"] = name_of(request.target.set);
    out["origin"] = name_of(how.origin);
    out["gflops"] = how.gflops();
    out["median_seconds"] = how.median_seconds;
    out["median_interval_seconds"] = {how.median_range.low, how.median_range.high};
    out["best_seconds"] = how.best_seconds;
    out["flops"] = how.flops;
    out["tuning_seconds"] = how.tuning_seconds;
    out["seconds"] = {{"strategy", how.spent.strategy_seconds},
                      {"compile", how.spent.compile_seconds},
                      {"check", how.spent.check_seconds},
                      {"run", how.spent.run_seconds},
                      {"compare", how.spent.compare_seconds}};
    out["trials"] = how.trials;
    out["too_slow"] = how.outcomes[static_cast<std::size_t>(failure::slow)];
    out["failed"] = nlohmann::ordered_json::object();
    for (std::size_t kind = 1; kind < failure_count; ++kind)
      if (const int times = how.outcomes[kind];
          times > 0 && static_cast<failure>(kind) != failure::slow)
        out["failed"][name_of(static_cast<failure>(kind))] = times;
    out["stopped"] = how.stopped;
    out["checked"] = how.checked;
    out["notes"] = how.notes;
    out["trace"] = to_text(how.steps);
    std::printf("%s\n", out.dump(2).c_str());
  }

  static void print_text(const tuned& how, const std::string& title,
                         const tuning_request& request) {
    std::printf("%s, %d thread%s, %s\n", title.c_str(), request.threads,
                request.threads == 1 ? "" : "s", name_of(request.target.set));
    if (how.origin == kernel_origin::cache)
      std::printf("from cache, tuning time 0\n");
    else if (how.trials > 0)
      std::printf("%d candidates in %.1f s (%s); %s\n", how.trials, how.tuning_seconds,
                  how.stopped.c_str(), how.checked.c_str());
    else
      std::printf("the analytic schedule, nothing was measured\n");
    if (how.median_seconds > 0) {
      std::printf("%.4g ms per call (best %.4g ms", 1e3 * how.median_seconds,
                  1e3 * how.best_seconds);
      if (how.trials > 0)
        std::printf(", median in %.4g to %.4g ms", 1e3 * how.median_range.low,
                    1e3 * how.median_range.high);
      std::printf(")");
      if (how.flops > 0) std::printf(", %.4g GFLOP/s", how.gflops());
      std::printf("\n");
    }
    if (how.trials > 0)
      std::printf("seconds: strategy %.2f, compile %.2f, check %.2f, run %.2f, compare %.2f\n",
                  how.spent.strategy_seconds, how.spent.compile_seconds, how.spent.check_seconds,
                  how.spent.run_seconds, how.spent.compare_seconds);
    for (const std::string& note : how.notes) std::printf("note: %s\n", note.c_str());
    std::printf("%s\n", to_text(how.steps).c_str());
  }

  static const std::map<std::string, effort_level>& effort_words() {
    static const std::map<std::string, effort_level> words{
        {"estimate", effort_level::estimate},
        {"measure", effort_level::measure},
        {"patient", effort_level::patient},
        {"wisdom_only", effort_level::wisdom_only}};
    return words;
  }

  int run() {
    if (list) return print_list();
    if (problem.name.empty()) throw CLI::RequiredError("operator");
    if (!effort.empty()) options.effort = effort_words().at(effort);
    if (!strategy.empty()) options.strategy = lab_strategy(strategy);
    const chosen_operator chosen = choose_operator(problem.name, problem.extents, problem.type);
    const interruptible search;
    options.cancel = search.flag();
    const tuning_request request = problem.request(chosen.desc.view(), options);
    const tuned how = tune_description(chosen.desc.view(), request).value();
    json ? print_json(how, chosen.title, request) : print_text(how, chosen.title, request);
    return 0;
  }
};

}  // namespace

command add_tune(CLI::App& app) {
  const auto state = std::make_shared<tune_command>();
  CLI::App* const own = app.add_subcommand("tune", "Search for the best kernel of an operator");
  state->problem.add_to(*own);
  own->add_option("--effort", state->effort, "default measure")
      ->check(CLI::IsMember(tune_command::effort_words()));
  own->add_option("--time-limit", state->options.time_limit, "seconds of search; default 60")
      ->check(CLI::Range(0.0, 1e9));
  own->add_option("--trials", state->options.trials, "most candidates to try")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  own->add_option("--patience", state->options.patience,
                  "stop after so many candidates without improvement")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  own->add_option("--target-fraction", state->options.target_fraction,
                  "of the roofline: stop there; default 1");
  own->add_option("--strategy", state->strategy,
                  "that proposes candidates, see `lathe lab --list`; default evolve");
  own->add_option("--report", state->options.report, "file for a page about the search");
  own->add_option("--seed", state->options.seed, "of the search; default 1");
  own->add_flag("--json", state->json, "print the result as JSON");
  own->add_flag("--list", state->list, "list the operators and their extents");
  own->footer("Example: lathe tune conv2d C=256 H=28 W=28 F=512 K=3 pad=1 --bound W --threads 1");
  return {own, [state] { return state->run(); }};
}

}  // namespace tools
