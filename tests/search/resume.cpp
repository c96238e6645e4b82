#include <lathe/search/evolve.hpp>
#include <lathe/search/resume.hpp>

#include "rugged_space.hpp"
#include <doctest/doctest.h>
#include <limits>
#include <string>

using namespace lathe;

namespace {

/// Counts what it is asked, and stops answering after so many points.
struct counting_evaluator final : evaluator {
  explicit counting_evaluator(const rugged_space& over) : space(over) {}
  lathe::sequence<observation> evaluate(std::span<const point> points, double) override {
    ++calls;
    lathe::sequence<observation> found;
    for (const point& at : points) {
      if (asked == most) break;
      ++asked;
      found.push_back({at, space.outcome(at)});
    }
    return found;
  }
  const rugged_space& space;
  int asked = 0, calls = 0, most = std::numeric_limits<int>::max();
};

using notes = lathe::sequence<observation>;

void note(const observation& found, void* to) { static_cast<notes*>(to)->push_back(found); }

search_options with_trials(int trials) {
  search_options options;
  options.limits.trials = trials;
  options.finalists = 0;
  return options;
}

std::string times_of(const search_result& found) {
  std::string out;
  for (const observation& each : found.trials) out += std::to_string(each.outcome.seconds()) + " ";
  return out;
}

}  // namespace

TEST_CASE("resume: an interrupted search ends as if it had not been interrupted") {
  const rugged_space space;
  counting_evaluator whole(space);
  evolutionary_search alone(space, 3);
  const search_result expected = run_search(space, alone, whole, with_trials(120));

  notes kept;
  counting_evaluator first(space);
  evolutionary_search killed(space, 3);
  resuming_evaluator noting(space, first, &note, &kept);
  run_search(space, killed, noting, with_trials(70));
  REQUIRE(kept.size() == 70);
  CHECK(noting.answered() == 0);

  counting_evaluator second(space);
  evolutionary_search again(space, 3);
  notes more;
  resuming_evaluator resuming(space, second, &note, &more);
  for (const observation& each : kept) resuming.know(space.hash(each.at), each.outcome);
  const search_result found = run_search(space, again, resuming, with_trials(120));
  CHECK(times_of(found) == times_of(expected));
  CHECK(resuming.answered() == 70);
  CHECK(second.asked == 50);
  CHECK(more.size() == 50);
}

TEST_CASE("resume: known and unknown points of one batch keep their order") {
  const rugged_space space;
  counting_evaluator judge(space);
  notes kept;
  resuming_evaluator resuming(space, judge, &note, &kept);
  lathe::sequence<point> batch;
  for (std::int32_t n = 0; n < 6; ++n) batch.push_back({{n, 1, 1, 1, 0, 0, 0}});
  measurement known;
  known.samples = {42};
  for (const int n : {0, 3}) resuming.know(space.hash(batch[static_cast<std::size_t>(n)]), known);
  resuming.know(space.hash(batch[3]), {});  // the first outcome counts
  const auto found = resuming.evaluate(batch, 1);
  REQUIRE(found.size() == 6);
  for (std::size_t n = 0; n < 6; ++n) {
    CHECK(found[n].at == batch[n]);
    CHECK((found[n].outcome.seconds() == 42) == (n == 0 || n == 3));
  }
  CHECK(judge.asked == 4);
  CHECK(judge.calls == 2);  // what lies between known points goes together
  CHECK(kept.size() == 4);
}

TEST_CASE("resume: the time may be over in the middle of a batch") {
  const rugged_space space;
  counting_evaluator judge(space);
  judge.most = 2;
  notes kept;
  resuming_evaluator resuming(space, judge, &note, &kept);
  lathe::sequence<point> batch;
  for (std::int32_t n = 0; n < 6; ++n) batch.push_back({{n, 1, 1, 1, 0, 0, 0}});
  measurement known;
  known.samples = {42};
  for (const int n : {1, 5}) resuming.know(space.hash(batch[static_cast<std::size_t>(n)]), known);
  const auto found = resuming.evaluate(batch, 1);
  REQUIRE(found.size() == 3);  // 0, 1, 2: the first ones, without a gap
  CHECK(found[2].at == batch[2]);
  CHECK(kept.size() == 2);
}
