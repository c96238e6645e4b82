#include <lathe/search/annealing.hpp>
#include <lathe/search/directions.hpp>
#include <lathe/search/learned_annealing.hpp>
#include <lathe/search/tuner.hpp>

#include <cmath>
#include <doctest/doctest.h>
#include <set>

using namespace lathe;

namespace {

/// Six decisions of eight choices; each has its own best choice, whatever the others are.
struct separable_space : search_space, point_scorer {
  explicit separable_space(std::uint64_t seed) {
    random_engine engine(seed, 99);
    for (int n = 0; n < 6; ++n) {
      sites.push_back({"knob", 8, {}});
      for (int choice = 0; choice < 8; ++choice) worth.push_back(engine.uniform());
    }
  }
  double score(const point& at) const {
    double sum = 0;
    for (std::size_t n = 0; n < 6; ++n)
      sum += worth[n * 8 + static_cast<std::size_t>(at.choices[n])];
    return sum;
  }
  sequence<double> score(std::span<const point> points) override {
    sequence<double> out;
    for (const point& each : points) out.push_back(score(each));
    return out;
  }
  point best() const {
    point at;
    for (std::size_t n = 0; n < 6; ++n) {
      std::int32_t most = 0;
      for (std::int32_t choice = 1; choice < 8; ++choice)
        if (worth[n * 8 + static_cast<std::size_t>(choice)] >
            worth[n * 8 + static_cast<std::size_t>(most)])
          most = choice;
      at.choices.push_back(most);
    }
    return at;
  }
  sequence<double> worth;
};

}  // namespace

TEST_CASE("annealing: finds the optimum of a separable function of a model") {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    separable_space space(seed);
    random_engine engine(seed);
    sequence<point> chains;
    const seen_points seen;
    const sequence<point> best = annealed_best(space, space, 8, seen, engine, chains);
    REQUIRE(best.size() == 8);
    for (std::size_t n = 1; n < best.size(); ++n)
      CHECK(space.score(best[n]) <= space.score(best[n - 1]));
    found += best[0] == space.best() ? 1 : 0;
    CHECK(chains.size() == 64);  // and they are where the next round goes on
  }
  MESSAGE("optimum found by " << found << " of 100 seeds");
  CHECK(found >= 95);
}

TEST_CASE("annealing: seen points are left out, the others of a small space are all found") {
  search_space small;
  small.sites = {{"a", 3, {}}, {"b", 1, {}}, {"c", 4, {}}};
  struct by_sum : point_scorer {
    sequence<double> score(std::span<const point> points) override {
      sequence<double> out;
      for (const point& each : points) out.push_back(each.choices[0] + each.choices[2]);
      return out;
    }
  } scorer;
  seen_points seen;
  seen.add(small, {{2, 0, 3}});
  random_engine engine(1);
  sequence<point> chains;
  const sequence<point> best = annealed_best(small, scorer, 100, seen, engine, chains);
  CHECK(best.size() == 11);
  CHECK(scorer.score(best)[0] == 4);
  CHECK(annealed_best(small, scorer, 0, seen, engine, chains).empty());
}

TEST_CASE("annealing: of measured times finds the optimum of a separable function") {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    separable_space space(seed);
    annealing_search search(space, seed);
    bool met = false;
    for (int trials = 0; trials < 1500 && !met;) {
      sequence<observation> outcomes;
      for (const point& at : search.propose(8)) {
        measurement outcome;
        outcome.samples = {std::exp(-space.score(at))};
        outcomes.push_back({at, outcome});
        met |= at == space.best();
      }
      trials += static_cast<int>(outcomes.size());
      search.observe(outcomes);
    }
    found += met ? 1 : 0;
  }
  MESSAGE("optimum of 262144 points met by " << found << " of 20 seeds in 1500 trials");
  CHECK(found >= 15);  // drawing at random would meet it in 0.6 % of the searches
}

TEST_CASE("annealing: diverse selections") {
  const sequence<point> candidates{{{0, 0}}, {{0, 1}}, {{0, 2}}, {{3, 3}}};
  const sequence<double> scores{1, 0.95, 0.9, 0};
  using numbers = sequence<std::size_t>;
  CHECK(select_diverse(candidates, scores, 2, 0) == numbers{0, 1});
  // The last one brings two new choices, the second one.
  CHECK(select_diverse(candidates, scores, 2, 0.5) == numbers{0, 1});
  CHECK(select_diverse(candidates, scores, 2, 1.5) == numbers{0, 3});
  CHECK(select_diverse(candidates, scores, 9, 0.1).size() == 4);
  CHECK(select_diverse({}, {}, 3, 1).empty());
}

TEST_CASE("directions: every neighbour once, and only neighbours") {
  search_space space;
  space.sites = {{"ordered", 5, linear_moves(5)},
                 {"fixed", 1, {}},
                 {"named", 3, {}},
                 {"long", 20, {}},
                 {"graph", 3, {{2}, {}, {0, 1}}}};
  const directions around(space);
  CHECK(around.size() == 2 + 3 + 2 + 2);
  const point from{{4, 0, 1, 0, 2}};
  std::set<sequence<std::int32_t>> reached;
  for (std::size_t along = 0; along < around.size(); ++along) {
    const auto next = around.step(from, along);
    if (!next) continue;
    CHECK(space.is_inside(*next));
    int changed = 0;
    for (std::size_t site = 0; site < 5; ++site)
      if (next->choices[site] != from.choices[site]) {
        ++changed;
        CHECK(site == around.site_of(along));
      }
    CHECK(changed == 1);
    CHECK(reached.insert(next->choices).second);
  }
  const std::set<sequence<std::int32_t>> expected{
      {3, 0, 1, 0, 2},  {4, 0, 0, 0, 2}, {4, 0, 2, 0, 2}, {4, 0, 1, 1, 2},
      {4, 0, 1, 19, 2}, {4, 0, 1, 0, 0}, {4, 0, 1, 0, 1}};
  CHECK(reached == expected);
}
