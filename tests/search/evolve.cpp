#include <lathe/search/evolve.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/tuner.hpp>

#include "rugged_space.hpp"
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <set>

using namespace lathe;

namespace {

double best_after(strategy& proposer, const rugged_space& space, int trials) {
  rugged_evaluator judge(space);
  search_options options;
  options.limits.trials = trials;
  return run_search(space, proposer, judge, options).best->outcome.seconds();
}

/// The fastest time of all points of the space.
double best_of_all(const rugged_space& space, double* share_near_best = nullptr) {
  lathe::sequence<double> times;
  point at{lathe::sequence<std::int32_t>(space.sites.size())};
  for (std::uint64_t n = 0; n < space.size(); ++n) {
    std::uint64_t rest = n;
    for (std::size_t index = 0; index < space.sites.size(); ++index) {
      const auto choices = static_cast<std::uint64_t>(space.sites[index].choices);
      at.choices[index] = static_cast<std::int32_t>(rest % choices);
      rest /= choices;
    }
    if (!space.why_rejected(at)) times.push_back(space.outcome(at).seconds());
  }
  const double best = *std::min_element(times.begin(), times.end());
  if (share_near_best != nullptr) {
    const auto near = std::count_if(times.begin(), times.end(),
                                    [&](double seconds) { return seconds <= 1.05 * best; });
    *share_near_best = static_cast<double>(near) / static_cast<double>(times.size());
  }
  return best;
}

}  // namespace

TEST_CASE("evolve: better than random on a rugged surface") {
  constexpr int seeds = 20;
  constexpr int trials = 200;
  double evolved = 0;
  double random = 0;
  int wins = 0;
  const rugged_space space;
  double share = 1;
  const double best = best_of_all(space, &share);
  REQUIRE(share < 0.003);  // hard enough for a difference to mean something
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    evolutionary_search first(space, seed);
    random_search second(space, seed);
    const double by_evolution = best / best_after(first, space, trials);
    const double by_chance = best / best_after(second, space, trials);
    evolved += by_evolution / seeds;
    random += by_chance / seeds;
    wins += by_evolution > by_chance ? 1 : 0;
  }
  MESSAGE("share of the best speed after " << trials << " trials: evolution " << evolved
                                           << ", random " << random << ", wins " << wins);
  CHECK(evolved > random + 0.08);
  CHECK(wins >= 17);
}

TEST_CASE("evolve: before a new beginning all neighbours of the best are tried") {
  class slopes final : public search_space {
   public:
    slopes() {
      for (int n = 0; n < 3; ++n) sites.push_back({"place", 200, linear_moves(200)});
      estimates.push_back({{100, 100, 100}});
    }
  };
  class slopes_evaluator final : public evaluator {
   public:
    lathe::sequence<observation> evaluate(std::span<const point> points, double) override {
      lathe::sequence<observation> out;
      for (const point& at : points) {
        measurement outcome;
        double seconds = 1;
        for (const std::int32_t each : at.choices) seconds += std::abs(each - 37);
        outcome.samples = {seconds};
        out.push_back({at, outcome});
      }
      return out;
    }
  };
  const slopes space;
  for (const int restart : {0, 16}) {
    evolve_options how;
    how.variation = {.further_move = 0, .jump = 1};  // neighbours are met by chance only
    how.restart = restart;
    evolutionary_search proposer(space, 1, how);
    slopes_evaluator judge;
    search_options options;
    options.limits.trials = 600;
    const search_result found = run_search(space, proposer, judge, options);
    const bool arrived = found.best->outcome.seconds() == 1;
    CHECK(arrived == (restart > 0));
  }
}

TEST_CASE("evolve: proposals do not depend on the batch size") {
  const rugged_space space;
  lathe::sequence<lathe::sequence<std::int32_t>> sequences[3];
  const int batches[] = {1, 5, 64};
  for (int n = 0; n < 3; ++n) {
    evolutionary_search search(space, 11);
    rugged_evaluator judge(space);
    search_options options;
    options.limits.trials = 150;
    options.batch = batches[n];
    for (const observation& trial : run_search(space, search, judge, options).trials) {
      sequences[n].push_back(trial.at.choices);
    }
  }
  CHECK(sequences[0].size() == 150);
  CHECK(sequences[0] == sequences[1]);
  CHECK(sequences[0] == sequences[2]);
}

TEST_CASE("evolve: no program twice, and all of them in the end") {
  search_space space;
  space.sites = {{"a", 6, linear_moves(6)}, {"b", 5, {}}, {"c", 2, {}}};
  evolutionary_search search(space, 5);
  std::set<lathe::sequence<std::int32_t>> seen;
  for (lathe::sequence<point> batch; !(batch = search.propose(8)).empty();) {
    lathe::sequence<observation> outcomes;
    for (const point& at : batch) {
      CHECK(space.is_inside(at));
      CHECK(seen.insert(at.choices).second);
      measurement outcome;
      outcome.samples = {1.0 + at.choices[0]};
      outcomes.push_back({at, outcome});
    }
    search.observe(outcomes);
  }
  CHECK(seen.size() == 60);
}

TEST_CASE("evolve: goes on when everything fails") {
  search_space space;
  space.sites = {{"a", 1000, {}}};
  evolutionary_search search(space, 5);
  for (int round = 0; round < 5; ++round) {
    lathe::sequence<observation> failures;
    for (point& at : search.propose(16)) {
      failures.push_back({std::move(at), measurement::failure_of(failure::crash, "SIGSEGV")});
    }
    CHECK(failures.size() == 16);
    search.observe(failures);
  }
}

TEST_CASE("evolve: sites of one choice and isolated choices are no trap") {
  search_space space;
  space.sites = {{"fixed", 1, {}}, {"isolated", 3, {{}, {}, {}}}};
  evolutionary_search search(space, 5);
  std::size_t proposed = 0;
  for (lathe::sequence<point> batch; !(batch = search.propose(8)).empty();) {
    proposed += batch.size();
    lathe::sequence<observation> outcomes;
    for (const point& at : batch) {
      measurement outcome;
      outcome.samples = {1};
      outcomes.push_back({at, outcome});
    }
    search.observe(outcomes);
  }
  CHECK(proposed == 3);
}
