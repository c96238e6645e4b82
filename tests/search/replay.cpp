#include <lathe/search/replay.hpp>

#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("replay: recorded outcomes come back, others are illegal") {
  search_space space;
  space.sites = {{"a", 3, {}}};
  replay_evaluator judge(space);
  measurement good;
  good.samples = {2};
  judge.record({{0}}, measurement::failure_of(failure::crash, "SIGSEGV"));
  judge.record({{1}}, good);
  judge.record({{0}}, good);  // the last one counts
  const lathe::sequence<point> points = {{{1}}, {{0}}, {{2}}};
  const lathe::sequence<observation> found = judge.evaluate(points, 1);
  REQUIRE(found.size() == 3);
  CHECK(found[0].outcome.seconds() == 2);
  CHECK(found[1].outcome.ok());
  CHECK(found[2].outcome.failed == failure::illegal);
  CHECK(found[2].at == points[2]);
  CHECK(judge.size() == 2);
}
