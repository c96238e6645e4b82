#include <lathe/core/random.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/search/evolve.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/replay.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/space/cpu_space.hpp>

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace lathe;

namespace {

/// A stored trial: what a record keeps of it, and no point.
struct stored_trial {
  std::string trace;
  measurement outcome;
};

/// Outcomes that have nothing to do with the machine: some fail, all depend on the program alone.
class invented_outcomes final : public evaluator {
 public:
  explicit invented_outcomes(const cpu_space& space) : space_(space) {}

  sequence<observation> evaluate(std::span<const point> points, double) override {
    sequence<observation> found;
    for (const point& at : points) found.push_back({at, outcome_of(at)});
    return found;
  }

 private:
  measurement outcome_of(const point& at) const {
    random_engine engine(space_.hash(at));
    const bool is_first = at == space_.estimates[0];
    if (!is_first && engine.below(8) == 0)
      return measurement::failure_of(failure::slow, "not done after 0.1 s");
    if (!is_first && engine.below(8) == 0)
      return measurement::failure_of(failure::crash, "SIGSEGV");
    measurement good;
    good.samples = {1e-3 * (1 + engine.uniform()), 1.1e-3 * (1 + engine.uniform())};
    return good;
  }

  const cpu_space& space_;
};

/// Everything that a search proposed, pruned points too, by the trace it stands for.
template <class Strategy>
class watched final : public strategy {
 public:
  watched(const cpu_space& space, std::uint64_t seed) : space_(space), inner_(space, seed) {}
  sequence<point> propose(int n) override {
    sequence<point> proposals = inner_.propose(n);
    for (const point& at : proposals) proposed.push_back(to_text(space_.to_trace(at)));
    return proposals;
  }
  void observe(std::span<const observation> trials) override { inner_.observe(trials); }

  std::vector<std::string> proposed;

 private:
  const cpu_space& space_;
  Strategy inner_;
};

template <class Strategy>
void check_replay(const cpu_space& space) {
  search_options options;
  options.limits.trials = 120;
  watched<Strategy> first(space, 7);
  invented_outcomes truth(space);
  const search_result original = run_search(space, first, truth, options);
  REQUIRE(original.best);
  CHECK(original.trials.size() == 120);

  std::vector<stored_trial> records;
  for (const observation& trial : original.trials)
    records.push_back({to_text(space.to_trace(trial.at)), trial.outcome});
  replay_evaluator replay(space);
  for (const stored_trial& record : records)
    replay.record(hash_of(parse_trace(record.trace).value()), record.outcome);
  CHECK(replay.size() == records.size());  // no program was tried twice

  for (const int batch : {8, 1}) {
    CAPTURE(batch);
    options.batch = batch;
    watched<Strategy> second(space, 7);
    const search_result again = run_search(space, second, replay, options);
    REQUIRE(again.best);
    CHECK(second.proposed == first.proposed);
    CHECK(again.best->at == original.best->at);
    CHECK(again.best->outcome.samples == original.best->outcome.samples);
    CHECK(again.progress.outcomes == original.progress.outcomes);
    CHECK(again.progress.pruned == original.progress.pruned);
    CHECK(again.stopped == original.stopped);
  }
  watched<Strategy> other(space, 8);
  run_search(space, other, truth, options);
  CHECK(other.proposed != first.proposed);
}

}  // namespace

TEST_CASE("cpu_space: a recorded search replays to the same proposals and the same winner") {
  const auto check = [](const auto& source) {
    const cpu_space space(make_program(describe(source)), generic_cpu(isa::avx512), {{}, 2});
    check_replay<evolutionary_search>(space);
    check_replay<random_search>(space);
  };
  check(ops::gemm(65, 70, 129));
  check(ops::conv2d(1, 16, 14, 14, 32, 3));
}

TEST_CASE("cpu_space: points have equal hashes exactly if they stand for one trace") {
  const cpu_space space(make_program(describe(ops::gemm(65, 70, 129))), generic_cpu(isa::avx512),
                        {{}, 2});
  random_engine engine(5);
  std::vector<std::pair<std::string, std::uint64_t>> seen;
  int equal = 0;
  for (int n = 0; n < 300; ++n) {
    point at = space.estimates[0];  // near the estimate, where many points are one program
    for (int move = 0; move < 2; ++move) {
      const auto site = engine.below(static_cast<std::uint32_t>(space.sites.size()));
      const auto choices = static_cast<std::uint32_t>(space.sites[site].choices);
      at.choices[site] = static_cast<std::int32_t>(engine.below(choices));
    }
    const std::string text = to_text(space.to_trace(at));
    const std::uint64_t hash = space.hash(at);
    for (const auto& [other, other_hash] : seen) {
      CHECK((other == text) == (other_hash == hash));
      equal += other == text ? 1 : 0;
    }
    seen.emplace_back(text, hash);
  }
  CHECK(equal > 0);
}
