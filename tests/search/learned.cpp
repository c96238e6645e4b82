#include <lathe/lab.hpp>
#include <lathe/search/point_model.hpp>
#include <lathe/search/policy_gradient.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/replay.hpp>

#include "rugged_space.hpp"
#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <string>

using namespace lathe;

namespace {

/// Mean over the trials of best time known / best time so far; the best of the rugged space is
/// 1 to 1.01 ms by construction.
double area_of(const strategy_setting& setting, const std::string& name, int trials,
               const rugged_space& space) {
  const auto proposer = make_strategy(name, setting);
  rugged_evaluator judge(space);
  search_options options;
  options.limits.trials = trials;
  options.finalists = 0;
  double best = 1, sum = 0;
  for (const observation& trial : run_search(space, *proposer, judge, options).trials) {
    best = std::min(best, trial.outcome.seconds());
    sum += 1e-3 / best / trials;
  }
  return sum;
}

/// The same mean over seeds.
double area_of(const std::string& name, int trials, int seeds = 8) {
  const rugged_space space;
  double sum = 0;
  for (int seed = 1; seed <= seeds; ++seed)
    sum += area_of({space, static_cast<std::uint64_t>(seed)}, name, trials, space) / seeds;
  return sum;
}

}  // namespace

TEST_CASE("learned: strategies are better than random on a rugged surface") {
  const double random = area_of("random", 200);
  std::string all = "random " + std::to_string(random);
  for (const char* const name : {"evolve", "genetic", "p_method", "q_method", "autotvm", "adatune",
                                 "model_evolve", "bayes"}) {
    const double area = area_of(name, 200);
    all += std::string(", ") + name + " " + std::to_string(area);
    CHECK_MESSAGE(area > random, std::string(name));
  }
  MESSAGE("area under the curve of 200 trials: " << all);
}

TEST_CASE("learned: the policy comes to prefer what is fast") {
  search_space space;
  for (int n = 0; n < 3; ++n) space.sites.push_back({"knob", 30, {}});
  policy_gradient policy(space, 1);
  const double before = policy.probability(0, 3);
  for (int round = 0; round < 120; ++round) {
    sequence<observation> outcomes;
    for (const point& at : policy.propose(16)) {
      measurement made;
      made.samples = {at.choices[0] == 3 ? 1.0 : 2.0};
      outcomes.push_back({at, made});
    }
    policy.observe(outcomes);
  }
  CHECK(before == doctest::Approx(1.0 / 30));
  CHECK(policy.probability(0, 3) > 0.5);
  CHECK(policy.probability(1, 3) < 0.3);
}

TEST_CASE("learned: models order points that they have not seen") {
  const rugged_space space;
  for (const model_loss loss : {model_loss::rank, model_loss::squared, model_loss::weighted}) {
    point_model_options options;
    options.loss = loss;
    options.trees.rounds = 60;
    point_model model({space}, options);
    random_engine engine(3);
    const auto draw = [&](int count) {
      sequence<observation> out;
      while (out.size() < static_cast<std::size_t>(count)) {
        const point at = random_point(space, engine);
        if (!space.why_rejected(at)) out.push_back({at, space.outcome(at)});
      }
      return out;
    };
    for (const observation& each : draw(256)) model.add(each);
    CHECK_FALSE(model.is_trained());
    model.train();
    sequence<point> points;
    sequence<double> seconds;
    for (const observation& each : draw(200)) {
      if (!each.outcome.ok()) continue;
      points.push_back(each.at);
      seconds.push_back(each.outcome.seconds());
    }
    const sequence<double> scores = model.score(points);
    double right = 0, pairs = 0;
    for (std::size_t a = 0; a < points.size(); ++a)
      for (std::size_t b = 0; b < a; ++b, ++pairs)
        right += (scores[a] > scores[b]) == (seconds[a] < seconds[b]) ? 1 : 0;
    MESSAGE("pairs of unseen points in the right order: " << right / pairs);
    CHECK(right / pairs > 0.75);
  }
}

TEST_CASE("learned: past trials of a similar problem save trials") {
  // Another instance of the ruggedness; what is large and small is the same.
  const rugged_space now(1), before(2);
  knob_features features(before);
  past_trials past;
  random_engine engine(5);
  double best = 1;
  sequence<double> seconds;
  for (int n = 0; n < 500; ++n) {
    const point at = random_point(before, engine);
    if (before.why_rejected(at)) continue;
    past.rows.push_back(features.of(at));
    seconds.push_back(before.outcome(at).seconds());
    best = std::min(best, seconds[seconds.size() - 1]);
  }
  for (const double each : seconds) past.scores.push_back(best / each);
  for (const char* const name : {"autotvm", "model_evolve"}) {
    double with = 0, without = 0;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      with += area_of({now, seed, nullptr, &past}, name, 96, now) / 6;
      without += area_of({now, seed}, name, 96, now) / 6;
    }
    MESSAGE(std::string(name) << ": area of 96 trials with past trials " << with << ", without "
                              << without);
    CHECK(with > without + 0.05);
  }
}
