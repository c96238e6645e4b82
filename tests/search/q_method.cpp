#include <lathe/search/p_method.hpp>
#include <lathe/search/q_method.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/tuner.hpp>

#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// A ridge along a = b that rises with both; c and d do not matter. Beside it, the way up and to
/// the ridge is the smaller one up.
struct ridge_space : search_space {
  ridge_space() {
    for (int n = 0; n < 4; ++n) sites.push_back({"knob", 10, linear_moves(10)});
  }
  measurement outcome(const point& at) const {
    const int a = at.choices[0], b = at.choices[1];
    measurement made;
    made.samples = {1e-3 * std::pow(0.7, -std::abs(a - b)) * std::pow(1.15, -(a + b))};
    return made;
  }
};

}  // namespace

TEST_CASE("q_method: learns the direction on a ridge") {
  const ridge_space space;
  const directions around(space);
  q_method_options options;
  options.patience = 0;
  options.warmup = 100;
  options.gamma = 0;  // from anywhere: what is tested is the network, not where it is asked
  options.batches = 50;
  int right = 0, asked = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    q_method search(space, seed, options);
    for (int trials = 0; trials < 600;) {
      sequence<observation> outcomes;
      for (const point& at : search.propose(64)) outcomes.push_back({at, space.outcome(at)});
      trials += static_cast<int>(outcomes.size());
      search.observe(outcomes);
    }
    random_engine engine(seed, 7);
    for (int n = 0; n < 100; ++n) {
      const point from = random_point(space, engine);
      if (from.choices[0] == from.choices[1]) continue;
      const std::size_t wanted = from.choices[0] < from.choices[1] ? 0 : 1;
      const std::size_t along = search.best_direction(from);
      const auto next = around.step(from, along);
      REQUIRE(next);
      right += next->choices[wanted] > from.choices[wanted] ? 1 : 0;
      ++asked;
    }
  }
  const double share = static_cast<double>(right) / asked;
  MESSAGE(share << " of the directions are the best of eight");
  CHECK(share >= 0.8);
}

TEST_CASE("q_method: transitions that fail are learned, not followed") {
  // Going down anywhere fails; after training no direction down is the best one.
  ridge_space space;
  q_method_options options;
  options.patience = 0;
  q_method search(space, 3, options);
  const directions around(space);
  for (int trials = 0; trials < 400;) {
    sequence<observation> outcomes;
    for (const point& at : search.propose(16)) {
      const bool fails = at.choices[0] < 5;
      outcomes.push_back(
          {at, fails ? measurement::failure_of(failure::crash, "") : space.outcome(at)});
    }
    trials += static_cast<int>(outcomes.size());
    search.observe(outcomes);
  }
  random_engine engine(5);
  int into_failure = 0;
  for (int n = 0; n < 50; ++n) {
    point from = random_point(space, engine);
    from.choices[0] = 5;
    into_failure += around.step(from, search.best_direction(from))->choices[0] < 5 ? 1 : 0;
  }
  CHECK(into_failure <= 5);
}

TEST_CASE("starting points: good ones are taken more often, by the paper's formula") {
  random_engine engine(1);
  starting_points points(flextensor_variant::paper, 3);
  CHECK(points.choose(engine) == 0);  // none
  const double seconds[] = {1, 2, 4};
  for (std::int32_t n = 0; n < 3; ++n) points.add({{n}}, seconds[n], engine);
  int counts[3] = {};
  for (int n = 0; n < 30000; ++n) ++counts[points.choose(engine)];
  // exp(-gamma (1 - t* / t)): 1, exp(-1.5), exp(-2.25), normalised.
  const double sum = 1 + std::exp(-1.5) + std::exp(-2.25);
  CHECK(counts[0] / 3e4 == doctest::Approx(1 / sum).epsilon(0.03));
  CHECK(counts[1] / 3e4 == doctest::Approx(std::exp(-1.5) / sum).epsilon(0.05));
  CHECK(counts[2] / 3e4 == doctest::Approx(std::exp(-2.25) / sum).epsilon(0.06));
  points.retire(0);
  CHECK(points.fastest(2) == sequence<std::size_t>{1, 2});
  points.retire(1);
  points.retire(2);
  CHECK(points.choose(engine) == points.size());
}

TEST_CASE("stage by stage: one stage's decisions at a time, the graph's last, then again") {
  search_space space;
  space.sites = {{"split A", 4, {}, 0},
                 {"place A", 2, {}, 0, true},
                 {"fixed A", 1, {}, 0},
                 {"split C", 4, {}, 2},
                 {"order C", 3, {}, 2}};
  stage_by_stage stages(space, 3);
  CHECK(stages.phases() == 3);
  const auto open = [&] {
    std::string out;
    for (std::size_t site = 0; site < 5; ++site) out += stages.is_open(site) ? '1' : '0';
    return out;
  };
  CHECK(open().substr(0, 2) == "10");
  CHECK(open().substr(3) == "00");
  stages.note(1);
  for (int n = 0; n < 3; ++n) stages.note(1);  // no improvement three times
  CHECK(open().substr(3) == "11");
  stages.note(0.5);
  stages.note(0.9);
  CHECK(open().substr(3) == "11");
  stages.next();
  CHECK(open() == "01000");
  stages.next();
  CHECK(open()[0] == '1');
  CHECK(stage_by_stage(space, 0).phases() == 1);
  CHECK(stage_by_stage(space, 0).is_open(1));
}

TEST_CASE("p_method: a trial is all neighbours of one point") {
  search_space space;
  space.sites = {{"a", 9, linear_moves(9)}, {"b", 9, linear_moves(9)}};
  p_method_options options;
  options.warmup = 0;
  p_method search(space, 1, options);
  measurement outcome;
  outcome.samples = {1};
  const sequence<observation> known{{{{4, 4}}, outcome}};
  search.observe(known);
  const sequence<point> neighbours = search.propose(100);
  REQUIRE(neighbours.size() == 4);
  for (const point& each : neighbours)
    CHECK(std::abs(each.choices[0] - 4) + std::abs(each.choices[1] - 4) == 1);
}
