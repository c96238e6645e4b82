#include <lathe/search/budget.hpp>

#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("budget: the first limit met gives the reason") {
  budget allowed;
  CHECK(why_stop(allowed, {1e9, 1000000000, 1000000, 1}) == std::nullopt);
  allowed.trials = 100;
  CHECK(why_stop(allowed, {1, 99, 0, 1}) == std::nullopt);
  CHECK(why_stop(allowed, {1, 100, 0, 1}) == stop_reason::trials);
  allowed.seconds = 10;
  CHECK(why_stop(allowed, {10, 5, 0, 1}) == stop_reason::time);
  allowed.patience = 20;
  CHECK(why_stop(allowed, {1, 50, 20, 1}) == stop_reason::no_improvement);
}

TEST_CASE("budget: close enough to the roofline") {
  budget allowed;
  allowed.roofline_seconds = 0.9;
  allowed.target_fraction = 0.95;
  CHECK(why_stop(allowed, {1, 1, 0, 1.0}) == std::nullopt);
  CHECK(why_stop(allowed, {1, 1, 0, 0.94}) == stop_reason::target);
  CHECK(why_stop(allowed, {}) == std::nullopt);  // nothing found yet
}

TEST_CASE("budget: the time left follows the pace") {
  budget allowed;
  CHECK(seconds_left(allowed, {5, 10, 0, 1}) > 1e300);
  allowed.trials = 110;
  CHECK(seconds_left(allowed, {5, 10, 0, 1}) == doctest::Approx(50));
  allowed.seconds = 20;
  CHECK(seconds_left(allowed, {5, 10, 0, 1}) == doctest::Approx(15));
  CHECK(seconds_left(allowed, {25, 10, 0, 1}) == 0);
}
