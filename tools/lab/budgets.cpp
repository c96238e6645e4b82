#include "budgets.hpp"

#include <lathe/api/cpu_evaluator.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/session.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/search/strategies.hpp>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <sstream>

namespace lab {
namespace {

using namespace lathe;

/// Times all winners in turn, in several races: none may drop out of all of them.
void time_winners(const live_problem& problem, std::vector<budget_run>& runs) {
  constexpr int races = 5;
  constexpr double seconds = 4;  // of each
  const tuning_request& request = problem.request;
  const native::jit compiler = detail::shared_jit(request.target).value();
  const oracle answer =
      make_oracle(make_program(problem.desc), estimated_trace(problem.desc, request),
                  request.target, compiler, {request.bound, request.strict_fp}, request.seed)
          .value();
  argument_set& arguments = *answer.arguments;
  arguments.make_sets(rotating_sets(arguments.bytes(), request.target));
  const sequence<sequence<void*>> sets = detail::addresses_of(arguments);
  for (int round = 0; round < races; ++round) {
    sequence<detail::contestant> contestants;
    for (const budget_run& each : runs)
      contestants.push_back(detail::bound_to_each(each.how.run, sets));
    const auto samples =
        detail::race(contestants, sets, request.threads, monotonic_seconds(), seconds);
    for (std::size_t at = 0; at < runs.size(); ++at)
      runs[at].samples.insert(runs[at].samples.end(), samples[at].begin(), samples[at].end());
  }
}

}  // namespace

std::vector<budget_run> compare_budgets(const live_problem& problem,
                                        const budget_options& options) {
  std::vector<budget_run> runs;
  for (const double seconds : options.seconds) {
    for (const std::string& strategy : options.strategies) {
      std::fprintf(stderr, "%s on %s, %g s\n", strategy.c_str(), problem.title.c_str(), seconds);
      tuning_request request = problem.request;
      request.strategy = lab_strategy(strategy);
      request.time_limit = seconds;
      request.cache.mode = options.keep.empty() ? cache_mode::off : cache_mode::rw;
      request.cache.directory = options.keep;
      if (!options.keep.empty()) {
        std::ostringstream folder;
        folder << options.keep << '/' << strategy << '-' << seconds;
        request.cache.directory = folder.str();
      }
      runs.push_back({strategy, seconds, tune_description(problem.desc, request).value(), {}});
    }
  }
  time_winners(problem, runs);
  return runs;
}

std::string text_of(const live_problem& problem, const std::vector<budget_run>& runs) {
  double best = std::numeric_limits<double>::infinity();
  for (const budget_run& each : runs) best = std::min(best, median(each.samples));
  std::string out =
      problem.title + ", " + std::to_string(problem.request.threads) + " threads, " +
      problem.request.target.model + "\n" +
      "strategy        search [s]  trials   ms per call, median   GFLOP/s   of best\n";
  for (const budget_run& each : runs) {
    const double seconds = median(each.samples);
    const time_interval range = median_interval(each.samples);
    char line[200];
    std::snprintf(line, sizeof line, "%-15s %10g %7d   %8.4g (%.4g to %.4g) %8.1f %9.3f\n",
                  each.strategy.c_str(), each.seconds, each.how.trials, 1e3 * seconds,
                  1e3 * range.low, 1e3 * range.high, each.how.flops / seconds * 1e-9,
                  best / seconds);
    out += line;
  }
  return out;
}

nlohmann::ordered_json json_of(const live_problem& problem, const std::vector<budget_run>& runs) {
  nlohmann::ordered_json out{{"operator", problem.title},
                             {"machine", problem.request.target.model},
                             {"threads", problem.request.threads},
                             {"runs", nlohmann::ordered_json::array()}};
  for (const budget_run& each : runs) {
    const time_interval range = median_interval(each.samples);
    out["runs"].push_back({{"strategy", each.strategy},
                           {"search_seconds", each.seconds},
                           {"trials", each.how.trials},
                           {"median_seconds", median(each.samples)},
                           {"median_interval_seconds", {range.low, range.high}},
                           {"samples", each.samples},
                           {"trace", to_text(each.how.steps)}});
  }
  return out;
}

}  // namespace lab
