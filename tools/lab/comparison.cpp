#include "comparison.hpp"

#include <lathe/api/session.hpp>
#include <lathe/core/error.hpp>
#include <lathe/search/replay.hpp>
#include <lathe/search/strategies.hpp>
#include <lathe/search/tuner.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace lab {
namespace {

using namespace lathe;

search_run run_once(const named_table& on, std::size_t number, const std::string& strategy_name,
                    std::uint64_t seed, point_features* features,
                    const comparison_options& options) {
  const table_space space(on.table, options.warm);
  replay_evaluator judge(space);
  record_all(on.table, judge);
  const owner<strategy> proposer = make_strategy(strategy_name, {space, seed, features});
  search_options how;
  how.limits.trials = options.trials;
  how.finalists = 0;  // a replay would give the same times again
  const search_result found = run_search(space, *proposer, judge, how);

  search_run out{strategy_name,
                 number,
                 seed,
                 {},
                 found.progress.trials,
                 found.progress.pruned,
                 found.progress.outcomes,
                 0,
                 0,
                 found.progress.strategy_seconds};
  double best = std::numeric_limits<double>::infinity();
  const double own_seconds = out.model_seconds / std::max(1, out.trials);
  int trial = 0;
  for (const observation& each : found.trials) {
    ++trial;
    out.compile_seconds += each.outcome.compile_seconds;
    out.run_seconds += each.outcome.check_seconds + each.outcome.run_seconds;
    if (!(each.outcome.seconds() < best)) continue;
    best = each.outcome.seconds();
    out.progress.push_back(
        {trial, out.compile_seconds + out.run_seconds + own_seconds * trial, best});
  }
  return out;
}

void add_random(comparison_options& to) {
  auto& names = to.strategies;
  if (std::find(names.begin(), names.end(), "random") == names.end())
    names.insert(names.begin(), "random");
}

}  // namespace

std::vector<named_table> read_tables(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder))
    for (const auto& each : std::filesystem::directory_iterator(folder))
      if (each.path().extension() == ".table") files.push_back(each.path());
  if (files.empty())
    throw std::runtime_error("no *.table in '" + folder +
                             "': name their folder with --tables, or record some with `lathe lab "
                             "record`");
  std::sort(files.begin(), files.end());
  std::vector<named_table> out;
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    result<recorded_table> read = read_table(text.str());
    if (!read) fail(read.error().id(), path.string() + ": " + read.error().text());
    out.push_back({path.stem().string(), std::move(*read)});
  }
  return out;
}

std::vector<const search_run*> comparison::runs_of(const std::string& strategy,
                                                   std::size_t subject) const {
  std::vector<const search_run*> out;
  for (const search_run& each : runs)
    if (each.strategy == strategy && each.subject == subject) out.push_back(&each);
  return out;
}

verdict comparison::judge(const std::string& strategy, int only) const {
  struct sample {
    double area, area_gain, trials, trials_share, final_share;
  };
  std::vector<std::vector<sample>> groups;
  std::vector<std::size_t> sizes;
  verdict out;
  out.strategy = strategy;
  double count = 0, trials = 0;
  for (std::size_t at = 0; at < subjects.size(); ++at) {
    if (only >= 0 && at != static_cast<std::size_t>(only)) continue;
    const double optimum = subjects[at].best_seconds;
    const int most = subjects[at].trials;
    const auto own = runs_of(strategy, at), random = runs_of("random", at);
    groups.emplace_back();
    for (std::size_t seed = 0; seed < own.size(); ++seed) {
      const curve &mine = own[seed]->progress, &theirs = random[seed]->progress;
      sample made{};
      made.area = area_under(mine, optimum, most);
      made.area_gain = made.area - area_under(theirs, optimum, most);
      const int needed = trials_to(mine, optimum, 0.95, most);
      made.trials = std::log(needed);
      made.trials_share = made.trials - std::log(trials_to(theirs, optimum, 0.95, most));
      made.final_share = std::log(optimum / best_after_trials(mine, most));
      groups.back().push_back(made);
      out.censored += needed > most;
      out.model_seconds += own[seed]->model_seconds;
      out.compile_seconds += own[seed]->compile_seconds;
      out.run_seconds += own[seed]->run_seconds;
      trials += own[seed]->trials;
      ++count;
    }
    sizes.push_back(own.size());
  }
  const auto mean = [&](double sample::*member) {
    return bootstrap(sizes, [&](const std::vector<std::vector<std::size_t>>& chosen) {
      double sum = 0;
      for (std::size_t group = 0; group < chosen.size(); ++group) {
        double of_group = 0;
        for (const std::size_t each : chosen[group]) of_group += groups[group][each].*member;
        sum += of_group / static_cast<double>(chosen[group].size());
      }
      return sum / static_cast<double>(chosen.size());
    });
  };
  const auto of_logarithm = [](estimate logarithm) {
    return estimate{std::exp(logarithm.value), std::exp(logarithm.low), std::exp(logarithm.high)};
  };
  out.area = mean(&sample::area);
  out.area_gain = mean(&sample::area_gain);
  out.trials_to_95 = of_logarithm(mean(&sample::trials));
  out.trials_share = of_logarithm(mean(&sample::trials_share));
  out.final_share = of_logarithm(mean(&sample::final_share));
  out.censored /= count;
  out.model_seconds /= std::max(1.0, trials);
  out.compile_seconds /= count;
  out.run_seconds /= count;
  return out;
}

comparison compare(const std::vector<named_table>& tables, comparison_options options) {
  add_random(options);
  comparison out{std::move(options), {}, {}};
  for (const named_table& each : tables)
    out.subjects.push_back({each.name,
                            each.table.title + "; " + each.table.machine + "; " +
                                std::to_string(each.table.program_of.size()) + " points",
                            each.table.best_seconds(), out.options.trials,
                            each.table.programs.size(), each.table.hardness()});
  std::vector<std::unique_ptr<point_features>> features(tables.size());
  for (std::size_t at = 0; out.options.features && at < tables.size(); ++at)
    features[at] = out.options.features(tables[at]);
  for (const std::string& strategy : out.options.strategies) {
    for (std::size_t at = 0; at < tables.size(); ++at) {
      std::fprintf(stderr, "%s on %s\n", strategy.c_str(), tables[at].name.c_str());
      for (int seed = 1; seed <= out.options.seeds; ++seed)
        out.runs.push_back(run_once(tables[at], at, strategy, static_cast<std::uint64_t>(seed),
                                    features[at].get(), out.options));
    }
  }
  return out;
}

comparison compare_live(const std::vector<live_problem>& problems, comparison_options options) {
  add_random(options);
  comparison out{std::move(options), {}, {}, true};
  for (std::size_t at = 0; at < problems.size(); ++at) {
    const live_problem& problem = problems[at];
    subject on{problem.title, problem.title + "; " + problem.request.target.model,
               std::numeric_limits<double>::infinity()};
    for (int seed = 1; seed <= out.options.seeds; ++seed) {
      for (const std::string& strategy : out.options.strategies) {
        std::fprintf(stderr, "%s on %s, seed %d\n", strategy.c_str(), on.name.c_str(), seed);
        tuning_request request = problem.request;
        request.strategy = lab_strategy(strategy);
        request.seed = static_cast<std::uint64_t>(seed);
        request.cache.mode = cache_mode::off;
        const tuned how = tune_description(problem.desc, request).value();
        out.runs.push_back({strategy, at, request.seed, how.improvements, how.trials,
                            how.spent.pruned, how.outcomes, how.spent.compile_seconds,
                            how.spent.check_seconds + how.spent.run_seconds,
                            how.spent.strategy_seconds});
        on.trials = std::max(on.trials, how.trials);
        if (!how.improvements.empty())
          on.best_seconds = std::min(on.best_seconds, how.improvements.back().best);
      }
    }
    out.subjects.push_back(std::move(on));
  }
  return out;
}

}  // namespace lab
