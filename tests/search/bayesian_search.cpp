#include <lathe/search/bayesian_search.hpp>

#include <array>
#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("bayes: acquisition functions in closed form") {
  const uncertain_value at{2, 0.5};
  const double best = 2.2, exploration = 0.4, scale = 0.25;
  // z = (2.2 - 0.4 * 0.25 - 2) / 0.5 = 0.2
  const double chance = 0.5792597, density = 0.3910427;
  CHECK(acquisition_value(acquisition::probability, at, best, exploration, scale) ==
        doctest::Approx(chance));
  CHECK(acquisition_value(acquisition::improvement, at, best, exploration, scale) ==
        doctest::Approx(0.1 * chance + 0.5 * density));
  CHECK(acquisition_value(acquisition::bound, at, best, exploration, scale) ==
        doctest::Approx(0.4 * 0.5 - 2));
  const uncertain_value sure{2, 0};
  CHECK(acquisition_value(acquisition::improvement, sure, 2.5, 0, 1) == doctest::Approx(0.5));
  CHECK(acquisition_value(acquisition::improvement, sure, 1.5, 0, 1) == 0);
  CHECK(acquisition_value(acquisition::probability, sure, 2.5, 0, 1) == 1);
}

TEST_CASE("bayes: of functions that keep proposing the same, the one that found less goes") {
  acquisition_portfolio portfolio(false);
  const std::array<std::size_t, 3> same{7, 3, 7}, apart{1, 2, 3};
  const std::array<double, 3> found{2, 1, 1.5};
  for (int round = 0; round < 4; ++round) portfolio.judge(same, found);
  portfolio.judge(apart, found);  // not five times in a row
  for (int round = 0; round < 4; ++round) portfolio.judge(same, found);
  CHECK((portfolio.is_used(0) && portfolio.is_used(1) && portfolio.is_used(2)));
  portfolio.judge(same, found);
  CHECK_FALSE(portfolio.is_used(0));
  CHECK(portfolio.is_used(1));
  CHECK(portfolio.is_used(2));
}

TEST_CASE("bayes: advanced, a function that finds less goes, one that finds more stays alone") {
  const std::array<std::size_t, 3> apart{1, 2, 3};
  acquisition_portfolio worse(true), better(true);
  for (int round = 0; round < 5; ++round) {
    CHECK(worse.is_used(1));
    worse.judge(apart, std::array<double, 3>{1, 1.25, 1});
    better.judge(apart, std::array<double, 3>{1, 1, 0.6});
  }
  CHECK_FALSE(worse.is_used(1));
  CHECK((worse.is_used(0) && worse.is_used(2)));
  CHECK_FALSE(better.is_used(0));
  CHECK_FALSE(better.is_used(1));
  CHECK(better.is_used(2));
}

TEST_CASE("bayes: goes to the minimum of a smooth function") {
  // 40 x 40 points, one minimum; the initial 20 points leave it to the model to get there.
  search_space space;
  space.sites = {{"x", 40, linear_moves(40)}, {"y", 40, linear_moves(40)}};
  int met = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    bayesian_search search(space, seed);
    bool found = false;
    for (int trials = 0; trials < 60 && !found;) {
      sequence<observation> outcomes;
      for (const point& at : search.propose(8)) {
        measurement made;
        made.samples = {1 + std::pow((at.choices[0] - 29) / 10.0, 2) +
                        std::pow((at.choices[1] - 11) / 10.0, 2)};
        found |= at == point{{29, 11}};
        outcomes.push_back({at, made});
      }
      trials += static_cast<int>(outcomes.size());
      search.observe(outcomes);
    }
    met += found ? 1 : 0;
  }
  MESSAGE("minimum of 1600 points met by " << met << " of 10 seeds in 60 trials");
  CHECK(met >= 8);  // by chance: 4 % each
}

TEST_CASE("bayes: rejected points are never proposed, nor drawn in a space mostly of them") {
  struct diagonal : search_space {
    diagonal() { sites = {{"a", 50, linear_moves(50)}, {"b", 50, linear_moves(50)}}; }
    std::optional<rejection> why_rejected(const point& at) const override {
      if (std::abs(at.choices[0] - at.choices[1]) < 2) return std::nullopt;
      return rejection{"beside the diagonal", false};
    }
  } space;
  bayesian_search search(space, 2);
  int proposed = 0;
  for (int round = 0; round < 40; ++round) {
    sequence<observation> outcomes;
    for (const point& at : search.propose(8)) {
      CHECK_FALSE(space.why_rejected(at).has_value());
      measurement made;
      made.samples = {1.0 + at.choices[0]};
      outcomes.push_back({at, made});
    }
    proposed += static_cast<int>(outcomes.size());
    search.observe(outcomes);
  }
  CHECK(proposed > 60);
}
