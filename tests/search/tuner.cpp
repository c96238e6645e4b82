#include <lathe/core/error.hpp>
#include <lathe/search/evolve.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/tuner.hpp>

#include "rugged_space.hpp"
#include <atomic>
#include <doctest/doctest.h>
#include <string>
#include <thread>

using namespace lathe;

namespace {

std::string sequence_of(const search_result& result) {
  std::string text;
  for (const observation& trial : result.trials) {
    for (const std::int32_t choice : trial.at.choices) text += std::to_string(choice) + ",";
    text += trial.outcome.ok() ? "+;" : "-;";
  }
  return text;
}

/// Evaluates a batch on several threads, as an evaluator with several workers does.
class threaded_evaluator final : public evaluator {
 public:
  threaded_evaluator(const rugged_space& space, int threads) : space_(space), threads_(threads) {}

  lathe::sequence<observation> evaluate(std::span<const point> points, double) override {
    lathe::sequence<observation> found(points.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t n = next++; n < points.size(); n = next++) {
        found[n] = {points[n], space_.outcome(points[n])};
      }
    };
    {
      lathe::sequence<std::jthread> team;
      for (int n = 0; n < threads_; ++n) team.emplace_back(work);
    }
    return found;
  }

 private:
  const rugged_space& space_;
  int threads_;
};

double fake_now = 0;

/// Every evaluation takes a fake second; everything fails but what `works` says.
struct scripted_evaluator : evaluator {
  bool (*works)(const point&) = [](const point&) { return true; };
  bool (*works_again)(const point&) = [](const point&) { return true; };
  lathe::sequence<point> evaluated;
  lathe::sequence<point> compared;
  double compare_seconds = -1;
  lathe::sequence<double> (*samples)(const point&) = nullptr;  // of the comparison
  bool forgets = false;                                        // a point, for no reason

  lathe::sequence<observation> outcomes(std::span<const point> points, bool (*good)(const point&)) {
    lathe::sequence<observation> found;
    for (const point& at : points) {
      fake_now += 1;
      measurement outcome = measurement::failure_of(failure::crash, "SIGSEGV");
      if (good(at)) {
        outcome = {};
        outcome.samples = {100.0 - at.choices[0]};
      }
      found.push_back({at, outcome});
    }
    return found;
  }
  lathe::sequence<observation> evaluate(std::span<const point> points, double seconds) override {
    lathe::sequence<observation> found;
    const double end = fake_now + seconds;
    for (const point& at : points) {
      if (fake_now >= end || (forgets && found.size() == 1)) break;
      evaluated.push_back(at);
      found.push_back(outcomes({&at, 1}, works).front());
    }
    return found;
  }
  lathe::sequence<observation> compare(std::span<const point> points, double seconds) override {
    compared.insert(compared.end(), points.begin(), points.end());
    compare_seconds = seconds;
    lathe::sequence<observation> found = outcomes(points, works_again);
    for (observation& each : found)
      if (samples != nullptr && each.outcome.ok()) each.outcome.samples = samples(each.at);
    return found;
  }
};

/// One site of 50 choices: higher ones are faster; the estimate is choice 10.
search_space ramp() {
  search_space space;
  space.sites = {{"a", 50, linear_moves(50)}};
  space.estimates = {{{10}}};
  return space;
}

search_options fake_time_options() {
  search_options options;
  options.clock = [] { return fake_now; };
  options.batch = 4;
  return options;
}

}  // namespace

TEST_CASE("tuner: the same seed gives the same search for every number of threads") {
  const rugged_space space;
  search_options options;
  options.limits.trials = 200;
  std::string expected;
  for (const int threads : {1, 2, 8}) {
    evolutionary_search proposer(space, 42);
    threaded_evaluator judge(space, threads);
    const std::string sequence = sequence_of(run_search(space, proposer, judge, options));
    if (expected.empty()) expected = sequence;
    CHECK(sequence == expected);
  }
  evolutionary_search other(space, 43);
  threaded_evaluator judge(space, 1);
  CHECK(sequence_of(run_search(space, other, judge, options)) != expected);
}

TEST_CASE("tuner: the estimate is evaluated first, whatever the budget") {
  const search_space space = ramp();
  const stop_flag cancelled(true);
  for (int which = 0; which < 3; ++which) {
    random_search proposer(space, 1);
    scripted_evaluator judge;
    search_options options = fake_time_options();
    if (which == 0) options.limits.trials = 0;
    if (which == 1) options.limits.seconds = 0;
    if (which == 2) options.cancel = &cancelled;
    const search_result result = run_search(space, proposer, judge, options);
    REQUIRE(result.best);
    CHECK(result.best->at == space.estimates[0]);
    CHECK(judge.evaluated == space.estimates);
    const stop_reason reasons[] = {stop_reason::trials, stop_reason::time, stop_reason::cancelled};
    CHECK(result.stopped == reasons[which]);
  }
}

TEST_CASE("tuner: one working point is enough") {
  const search_space space = ramp();
  random_search proposer(space, 1);
  scripted_evaluator judge;
  judge.works = [](const point& at) { return at.choices[0] == 10; };
  const search_result result = run_search(space, proposer, judge, fake_time_options());
  REQUIRE(result.best);
  CHECK(result.best->at.choices[0] == 10);
  CHECK(result.stopped == stop_reason::exhausted);
  CHECK(result.trials.size() == 50);
  CHECK(result.progress.outcomes[static_cast<std::size_t>(failure::crash)] == 49);
  CHECK(result.progress.outcomes[static_cast<std::size_t>(failure::none)] == 1);
}

TEST_CASE("tuner: nothing works") {
  const search_space space = ramp();
  random_search proposer(space, 1);
  scripted_evaluator judge;
  judge.works = [](const point&) { return false; };
  const search_result result = run_search(space, proposer, judge, fake_time_options());
  CHECK_FALSE(result.best);
  CHECK(judge.compared.empty());
}

TEST_CASE("tuner: finalists are compared, the estimate among them, and failures give way") {
  const search_space space = ramp();
  random_search proposer(space, 1);
  scripted_evaluator judge;
  judge.works_again = [](const point& at) { return at.choices[0] < 45; };
  search_options options = fake_time_options();
  options.finalists = 3;
  const search_result result = run_search(space, proposer, judge, options);
  REQUIRE(result.best);
  // 49, 48, 47 and the estimate: only the estimate repeats, so nothing slower is asked for.
  CHECK(judge.compared == lathe::sequence<point>{{{49}}, {{48}}, {{47}}, {{10}}});
  CHECK(result.best->at.choices[0] == 10);

  judge.compared.clear();
  judge.works_again = [](const point& at) { return at.choices[0] < 45 && at.choices[0] != 10; };
  random_search again(space, 1);
  const search_result second = run_search(space, again, judge, options);
  REQUIRE(second.best);
  CHECK(second.best->at.choices[0] == 44);
  CHECK(judge.compared.size() == 4 + 3);
}

TEST_CASE("tuner: the estimate gives way to what is faster in four rounds of five") {
  const search_space space = ramp();
  search_options options = fake_time_options();
  options.finalists = 3;
  const auto winner = [&](lathe::sequence<double> (*samples)(const point&)) {
    random_search proposer(space, 1);
    scripted_evaluator judge;
    judge.samples = samples;
    return run_search(space, proposer, judge, options).best->at.choices[0];
  };
  using samples = lathe::sequence<double>;
  // Faster by chance: the smaller median, but in three rounds of five.
  CHECK(winner([](const point& at) {
          return at.choices[0] == 10 ? samples{5, 5, 5, 5, 5} : samples{4, 4, 4, 9, 9};
        }) == 10);
  CHECK(winner([](const point& at) {
          return at.choices[0] == 10 ? samples{5, 5, 5, 5, 5} : samples{4, 4, 4, 4, 9};
        }) == 49);
  // Rounds are compared, whatever the machine's speed in each: 48 is faster in all of them.
  CHECK(winner([](const point& at) {
          if (at.choices[0] == 10) return samples{5, 50, 5, 50, 5};
          return at.choices[0] == 48 ? samples{4, 49, 4, 49, 4} : samples{9, 9, 9, 9, 9};
        }) == 48);
}

TEST_CASE("tuner: of finalists that are equally fast the simplest wins") {
  struct : search_space {
    int complexity(const point& at) const override { return at.choices[0] == 48 ? 1 : 5; }
  } space;
  static_cast<search_space&>(space) = ramp();
  search_options options = fake_time_options();
  options.finalists = 3;
  using samples = lathe::sequence<double>;
  const auto winner = [&](samples (*times)(const point&)) {
    random_search proposer(space, 1);
    scripted_evaluator judge;
    judge.samples = times;
    return run_search(space, proposer, judge, options).best->at.choices[0];
  };
  // 49 is faster than 48 in three rounds of five: by chance.
  CHECK(winner([](const point& at) {
          if (at.choices[0] == 10) return samples{5, 5, 5, 5, 5};
          return at.choices[0] == 48 ? samples{4.01, 4.01, 4.01, 3.9, 3.9} : samples{4, 4, 4, 4, 4};
        }) == 48);
  // In all of them, by ever so little: no chance.
  CHECK(
      winner([](const point& at) {
        if (at.choices[0] == 10) return samples{5, 5, 5, 5, 5};
        return at.choices[0] == 48 ? samples{4.01, 4.01, 4.01, 4.01, 4.01} : samples{4, 4, 4, 4, 4};
      }) != 48);
  // In three rounds of five, by more than a hundredth.
  CHECK(winner([](const point& at) {
          if (at.choices[0] == 10) return samples{5, 5, 5, 5, 5};
          return at.choices[0] == 48 ? samples{4.1, 4.1, 4.1, 3.9, 3.9} : samples{4, 4, 4, 4, 4};
        }) != 48);
  // The simplest must be faster than the estimate all the same.
  CHECK(winner([](const point& at) {
          if (at.choices[0] == 10) return samples{4, 4, 4, 4.02, 4.02};
          return at.choices[0] == 48 ? samples{4.01, 4.01, 4.01, 3.9, 3.9}
                                     : samples{3.99, 3.99, 3.99, 3.99, 3.99};
        }) != 48);
}

TEST_CASE("tuner: time, trials, patience and target end a search") {
  const search_space space = ramp();
  search_options options = fake_time_options();
  options.finalists = 0;
  const auto trials_with = [&](const budget& limits, stop_reason expected) {
    random_search proposer(space, 1);
    scripted_evaluator judge;
    options.limits = limits;
    const search_result result = run_search(space, proposer, judge, options);
    CHECK(result.stopped == expected);
    return result.trials.size();
  };
  budget limits;
  limits.seconds = 20;
  CHECK(trials_with(limits, stop_reason::time) == 20);
  limits.seconds = 18.5;  // in the middle of a batch of 4 and of a candidate
  CHECK(trials_with(limits, stop_reason::time) == 19);
  limits = {};
  limits.trials = 22;
  CHECK(trials_with(limits, stop_reason::trials) == 22);
  limits = {};
  limits.patience = 1000;
  CHECK(trials_with(limits, stop_reason::exhausted) == 50);
  limits.patience = 8;
  CHECK(trials_with(limits, stop_reason::no_improvement) < 50);
  limits = {};
  limits.roofline_seconds = 50;
  limits.target_fraction = 0.8;
  CHECK(trials_with(limits, stop_reason::target) < 50);
}

TEST_CASE("tuner: time is kept for the comparison") {
  const search_space space = ramp();
  random_search proposer(space, 1);
  scripted_evaluator judge;
  search_options options = fake_time_options();
  options.limits.seconds = 20;
  options.compare_seconds = 4;
  const double begin = fake_now;
  const search_result result = run_search(space, proposer, judge, options);
  CHECK(result.stopped == stop_reason::time);
  CHECK(result.trials.size() == 16);
  CHECK(judge.compare_seconds == doctest::Approx(4));
  CHECK(fake_now - begin == doctest::Approx(16.0 + static_cast<double>(judge.compared.size())));
  options.limits.trials = 10;  // ends early: the comparison may take what is left
  random_search again(space, 1);
  run_search(space, again, judge, options);
  CHECK(judge.compare_seconds == doctest::Approx(10));
}

TEST_CASE("tuner: leaving out points without a limit of time is an error") {
  const search_space space = ramp();
  random_search proposer(space, 1);
  scripted_evaluator judge;
  judge.forgets = true;
  search_options options = fake_time_options();
  try {
    run_search(space, proposer, judge, options);
    FAIL("no error");
  } catch (const lathe::error& problem) {
    CHECK(problem.id() == "LATHE-E504");
  }
  options.limits.seconds = 30;  // now it may have had no time: the search ends with what there is
  random_search again(space, 1);
  const search_result result = run_search(space, again, judge, options);
  CHECK(result.trials.size() == 2);
  CHECK(result.stopped == stop_reason::time);
}

TEST_CASE("tuner: every estimate is compared") {
  search_space space = ramp();
  space.estimates.push_back({{5}});
  random_search proposer(space, 1);
  scripted_evaluator judge;
  search_options options = fake_time_options();
  options.finalists = 2;
  run_search(space, proposer, judge, options);
  CHECK(judge.compared == lathe::sequence<point>{{{49}}, {{48}}, {{10}}, {{5}}});
}

TEST_CASE("tuner: pruned points are counted, not tried") {
  const rugged_space space;
  random_search proposer(space, 7);
  rugged_evaluator judge(space);
  search_options options;
  options.limits.trials = 100;
  const search_result result = run_search(space, proposer, judge, options);
  CHECK(result.trials.size() == 100);
  CHECK(result.progress.pruned > 0);
  for (const observation& trial : result.trials) CHECK_FALSE(space.why_rejected(trial.at));
}

TEST_CASE("tuner: a space that prunes everything but the estimate ends") {
  struct barren_space final : search_space {
    barren_space() {
      for (int n = 0; n < 6; ++n) sites.push_back({"s", 20, {}});
      estimates = {{{0, 0, 0, 0, 0, 0}}};
    }
    std::optional<rejection> why_rejected(const point&) const override {
      return rejection{"too large", true};
    }
  };
  const barren_space space;
  evolutionary_search proposer(space, 1);
  scripted_evaluator judge;
  const search_result result = run_search(space, proposer, judge, fake_time_options());
  CHECK(result.stopped == stop_reason::exhausted);
  CHECK(result.trials.size() == 1);
  CHECK(result.best);
}

TEST_CASE("tuner: what is known is not tried again, and may win") {
  const search_space space = ramp();
  lathe::sequence<observation> known;
  for (std::int32_t n = 40; n < 50; ++n) {
    measurement outcome;
    outcome.samples = {100.0 - n};
    known.push_back({{{n}}, outcome});
  }
  evolutionary_search proposer(space, 1);
  scripted_evaluator judge;
  const search_result result = run_search(space, proposer, judge, fake_time_options(), known);
  CHECK(result.trials.size() == 40);
  REQUIRE(result.best);
  CHECK(result.best->at.choices[0] == 49);
  CHECK(judge.compared.front().choices[0] == 49);
}

TEST_CASE("tuner: progress is reported after every batch") {
  const search_space space = ramp();
  random_search proposer(space, 1);
  scripted_evaluator judge;
  search_options options = fake_time_options();
  options.limits.trials = 9;
  lathe::sequence<search_progress> states;
  options.progress_context = &states;
  options.on_progress = [](const search_progress& state, void* context) {
    static_cast<lathe::sequence<search_progress>*>(context)->push_back(state);
  };
  run_search(space, proposer, judge, options);
  REQUIRE(states.size() == 3);
  CHECK(states[0].trials == 1);
  CHECK(states[1].trials == 5);
  CHECK(states[2].trials == 9);
  CHECK(states[1].trials_limit == 9);
  CHECK(states[1].elapsed_seconds == doctest::Approx(5));
  CHECK(states[1].left_seconds == doctest::Approx(4));
  CHECK(states[2].best_seconds <= states[0].best_seconds);
}

TEST_CASE("tuner: where the time went") {
  struct slow_strategy final : strategy {
    lathe::sequence<point> propose(int) override {
      fake_now += 0.25;
      return {{{next++}}};
    }
    void observe(std::span<const observation> seen) override {
      fake_now += 0.5 * static_cast<double>(seen.size());
    }
    std::int32_t next = 20;
  } proposer;
  struct : scripted_evaluator {
    lathe::sequence<observation> evaluate(std::span<const point> points, double left) override {
      lathe::sequence<observation> found = scripted_evaluator::evaluate(points, left);
      for (observation& each : found) {
        each.outcome.compile_seconds = 0.5;
        each.outcome.check_seconds = 0.125;
        each.outcome.run_seconds = 0.375;
      }
      return found;
    }
  } judge;
  const search_space space = ramp();
  search_options options = fake_time_options();
  options.limits.trials = 5;
  options.finalists = 2;
  const search_result found = run_search(space, proposer, judge, options);
  CHECK(found.progress.strategy_seconds == doctest::Approx(4 * 0.25 + 5 * 0.5));
  CHECK(found.progress.compile_seconds == 2.5);
  CHECK(found.progress.check_seconds == 0.625);
  CHECK(found.progress.run_seconds == 1.875);
  CHECK(found.progress.compare_seconds == doctest::Approx(3));  // two, and the estimate
  REQUIRE(found.elapsed.size() == 5);
  CHECK(found.elapsed[0] == doctest::Approx(1));
  CHECK(found.elapsed[1] == doctest::Approx(1 + 0.5 + 0.25 + 1));
}

TEST_CASE("tuner: the tuning curve has every improvement") {
  search_result found;
  for (const double seconds : {-1.0, 5.0, 7.0, 5.0, 2.0}) {
    observation one;
    one.outcome.failed = seconds < 0 ? failure::crash : failure::none;
    if (seconds > 0) one.outcome.samples = {seconds};
    found.trials.push_back(one);
    found.elapsed.push_back(10.0 * static_cast<double>(found.trials.size()));
  }
  const auto curve = improvements_of(found);
  REQUIRE(curve.size() == 2);
  CHECK(curve[0].trial == 2);
  CHECK(curve[0].seconds == 20);
  CHECK(curve[1].trial == 5);
  CHECK(curve[1].best == 2);
}

TEST_CASE("tuner: cancelling keeps the best so far") {
  const search_space space = ramp();
  random_search proposer(space, 1);
  scripted_evaluator judge;
  search_options options = fake_time_options();
  static stop_flag cancel;
  cancel.clear();
  options.cancel = &cancel;
  options.on_progress = [](const search_progress& state, void*) {
    if (state.trials >= 9) cancel.set();
  };
  const search_result result = run_search(space, proposer, judge, options);
  CHECK(result.stopped == stop_reason::cancelled);
  CHECK(result.trials.size() == 9);
  CHECK(result.best);
  CHECK(judge.compared.empty());
}

TEST_CASE("tuner: an evaluator that loses points is an error, not a shorter search") {
  struct forgetful_evaluator final : evaluator {
    lathe::sequence<observation> evaluate(std::span<const point> points, double) override {
      return lathe::sequence<observation>(points.size() - 1);
    }
    lathe::sequence<observation> compare(std::span<const point> points, double) override {
      return lathe::sequence<observation>(points.size());
    }
  } judge;
  const search_space space = ramp();
  random_search proposer(space, 1);
  CHECK_THROWS_WITH_AS(run_search(space, proposer, judge, fake_time_options()),
                       doctest::Contains("[LATHE-E504]"), error);
}
