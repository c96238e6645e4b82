#include "comparison.hpp"

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
                    std::uint64_t seed, const comparison_options& options) {
  const table_space space(on.table, options.warm);
  replay_evaluator judge(space);
  record_all(on.table, judge);
  const owner<strategy> proposer = make_strategy(strategy_name, {space, seed});
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
                                                   std::size_t table) const {
  std::vector<const search_run*> out;
  for (const search_run& each : runs)
    if (each.strategy == strategy && each.table == table) out.push_back(&each);
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
  for (std::size_t at = 0; at < tables.size(); ++at) {
    if (only >= 0 && at != static_cast<std::size_t>(only)) continue;
    const double optimum = tables[at].table.best_seconds();
    const auto own = runs_of(strategy, at), random = runs_of("random", at);
    groups.emplace_back();
    for (std::size_t seed = 0; seed < own.size(); ++seed) {
      const curve &mine = own[seed]->progress, &theirs = random[seed]->progress;
      sample made{};
      made.area = area_under(mine, optimum, options.trials);
      made.area_gain = made.area - area_under(theirs, optimum, options.trials);
      const int needed = trials_to(mine, optimum, 0.95, options.trials);
      made.trials = std::log(needed);
      made.trials_share = made.trials - std::log(trials_to(theirs, optimum, 0.95, options.trials));
      made.final_share = std::log(optimum / best_after_trials(mine, options.trials));
      groups.back().push_back(made);
      out.censored += needed > options.trials;
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

comparison compare(std::vector<named_table> tables, comparison_options options) {
  auto& names = options.strategies;
  if (std::find(names.begin(), names.end(), "random") == names.end())
    names.insert(names.begin(), "random");
  comparison out{std::move(options), std::move(tables), {}};
  for (const std::string& strategy : out.options.strategies) {
    for (std::size_t table = 0; table < out.tables.size(); ++table) {
      std::fprintf(stderr, "%s on %s\n", strategy.c_str(), out.tables[table].name.c_str());
      for (int seed = 1; seed <= out.options.seeds; ++seed)
        out.runs.push_back(run_once(out.tables[table], table, strategy,
                                    static_cast<std::uint64_t>(seed), out.options));
    }
  }
  return out;
}

}  // namespace lab
