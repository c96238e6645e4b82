#include <lathe/core/error.hpp>
#include <lathe/lab.hpp>
#include <lathe/search/tuner.hpp>

#include "rugged_space.hpp"
#include <doctest/doctest.h>
#include <set>
#include <string>

using namespace lathe;

namespace {

using choices = sequence<std::int32_t>;

/// One success of a time that depends on the point alone.
observation success(const point& at) {
  double seconds = 1;
  for (const std::int32_t choice : at.choices) seconds += 0.1 * choice;
  measurement outcome;
  outcome.samples = {seconds};
  return {at, outcome};
}

/// Everything that a strategy proposes until it says that nothing is left, or `most` points.
std::set<choices> all_proposals(const search_space& space, strategy& proposer, int batch,
                                std::size_t most = 100000) {
  std::set<choices> seen;
  for (sequence<point> next; seen.size() < most && !(next = proposer.propose(batch)).empty();) {
    CHECK(next.size() <= static_cast<std::size_t>(batch));
    sequence<observation> outcomes;
    for (const point& at : next) {
      CHECK(space.is_inside(at));
      CHECK(seen.insert(at.choices).second);
      outcomes.push_back(success(at));
    }
    proposer.observe(outcomes);
  }
  return seen;
}

/// `visit(name)` for every strategy, and for the released variants.
template <class Visit>
void for_every_strategy(const Visit& visit) {
  for (const strategy_info& each : strategies()) visit(std::string(each.name));
  visit("q_method(released=1)");
  visit("p_method(released=1)");
}

sequence<choices> trials_of(const std::string& name, std::uint64_t seed, int batch, int trials) {
  const rugged_space space;
  const auto proposer = make_strategy(name, {space, seed});
  rugged_evaluator judge(space);
  search_options options;
  options.limits.trials = trials;
  options.batch = batch;
  options.finalists = 0;
  sequence<choices> out;
  for (const observation& each : run_search(space, *proposer, judge, options).trials)
    out.push_back(each.at.choices);
  return out;
}

}  // namespace

TEST_CASE("strategies: the seed decides, the batch size does not") {
  for_every_strategy([](const std::string& name) {
    CAPTURE(name);
    const sequence<choices> one = trials_of(name, 7, 1, 150);
    CHECK(one.size() == 150);
    CHECK(one == trials_of(name, 7, 1, 150));
    CHECK(one == trials_of(name, 7, 64, 150));
    CHECK(!(one == trials_of(name, 8, 1, 150)));
  });
}

TEST_CASE("strategies: a small space is searched whole, no point twice") {
  search_space space;
  space.sites = {{"a", 6, linear_moves(6)}, {"b", 5, {}}, {"c", 2, {}}};
  for_every_strategy([&](const std::string& name) {
    CAPTURE(name);
    const auto proposer = make_strategy(name, {space, 5});
    CHECK(all_proposals(space, *proposer, 8).size() == 60);
    CHECK(proposer->propose(8).empty());  // and stays so
  });
}

TEST_CASE("strategies: decisions without a choice, and spaces of one point") {
  search_space fixed, none, isolated;
  fixed.sites = {{"fixed", 1, {}}, {"also", 1, linear_moves(1)}};
  isolated.sites = {{"fixed", 1, {}}, {"isolated", 3, {{}, {}, {}}}};
  for_every_strategy([&](const std::string& name) {
    CAPTURE(name);
    CHECK(all_proposals(fixed, *make_strategy(name, {fixed, 5}), 8).size() == 1);
    CHECK(all_proposals(none, *make_strategy(name, {none, 5}), 8).size() == 1);
    CHECK(all_proposals(isolated, *make_strategy(name, {isolated, 5}), 8).size() == 3);
  });
}

TEST_CASE("strategies: goes on when everything fails") {
  search_space space;
  space.sites = {{"a", 40, linear_moves(40)}, {"b", 50, {}}};
  for_every_strategy([&](const std::string& name) {
    CAPTURE(name);
    const auto proposer = make_strategy(name, {space, 5});
    std::size_t failed = 0;
    while (failed < 600) {
      sequence<observation> failures;
      for (point& at : proposer->propose(16))
        failures.push_back({std::move(at), measurement::failure_of(failure::crash, "SIGSEGV")});
      REQUIRE(!failures.empty());
      failed += failures.size();
      proposer->observe(failures);
    }
    // And learns from the first success after all of them.
    for (int round = 0; round < 20; ++round) {
      sequence<observation> outcomes;
      for (const point& at : proposer->propose(16)) outcomes.push_back(success(at));
      CHECK(!outcomes.empty());
      proposer->observe(outcomes);
    }
  });
}

TEST_CASE("strategies: a budget below the first plan, and points of others") {
  const rugged_space space;
  for_every_strategy([&](const std::string& name) {
    CAPTURE(name);
    const auto proposer = make_strategy(name, {space, 3});
    sequence<observation> known;
    for (std::int32_t n = 0; n < 12; ++n) {
      const point at{{n, 0, 0, 0, 0, 0, 0}};
      known.push_back({at, space.outcome(at)});
    }
    rugged_evaluator judge(space);
    search_options options;
    options.limits.trials = 3;
    const search_result found = run_search(space, *proposer, judge, options, known);
    CHECK(found.trials.size() == 3);
    CHECK(found.best.has_value());
    for (std::size_t n = 1; n < found.trials.size(); ++n)
      for (const observation& each : known) CHECK(!(found.trials[n].at == each.at));
  });
}

TEST_CASE("strategies: names and parameters") {
  const rugged_space space;
  const auto id_of = [&](const std::string& text) -> std::string {
    try {
      make_strategy(text, {space, 1});
    } catch (const lathe::error& refused) {
      return refused.id() + ": " + refused.text();
    }
    return "";
  };
  CHECK(id_of("q_method( gamma = 8, starts=2 )").empty());
  CHECK(parameters_of("random_walk(restart=0.5)") == "restart=0.5");
  CHECK(parameters_of("p_method(released=1)").find("warmup=400") != std::string::npos);
  CHECK(parameters_of("p_method(released=1, warmup=7)").find("warmup=7") != std::string::npos);
  CHECK(id_of("magic").find("LATHE-E520: no strategy is called 'magic': there are random, ") == 0);
  CHECK(id_of("q_method(gama=8)").find("LATHE-E522: strategy q_method has no parameter 'gama'") ==
        0);
  CHECK(id_of("q_method(gamma=x)").find("LATHE-E521") == 0);
  CHECK(id_of("q_method(gamma=1").find("LATHE-E521") == 0);
  CHECK(id_of("random(n=1)").find("has no parameter 'n': it has none") != std::string::npos);
  CHECK(lab_strategy("genetic").name() == "genetic");
  CHECK_THROWS_AS(lab_strategy("nothing"), lathe::error);
  CHECK_THROWS_AS(strategy_maker("genetic"), lathe::error);  // only with lab_strategy()
}
