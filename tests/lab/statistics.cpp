#include "statistics.hpp"

#include <cmath>
#include <doctest/doctest.h>

using namespace lab;

namespace {

/// Nothing for two trials, then 4 s, 2 s, and the optimum of 1 s after 8 trials.
const curve halving = {{3, 30, 4}, {5, 50, 2}, {8, 80, 1}};

}  // namespace

TEST_CASE("statistics: best after trials and seconds") {
  CHECK(std::isinf(best_after_trials(halving, 2)));
  CHECK(best_after_trials(halving, 3) == 4);
  CHECK(best_after_trials(halving, 7) == 2);
  CHECK(best_after_trials(halving, 100) == 1);
  CHECK(std::isinf(best_after_seconds(halving, 29)));
  CHECK(best_after_seconds(halving, 50) == 2);
}

TEST_CASE("statistics: area under the curve") {
  // Trials 1, 2: 0; 3, 4: 1/4; 5, 6, 7: 1/2; 8, 9, 10: 1.
  CHECK(area_under(halving, 1, 10) == doctest::Approx((2 * 0.25 + 3 * 0.5 + 3) / 10));
  CHECK(area_under(halving, 1, 4) == doctest::Approx(2 * 0.25 / 4));
  CHECK(area_under(halving, 1, 2) == 0);
  CHECK(area_under({}, 1, 10) == 0);
  CHECK(area_under({{1, 0, 1}}, 1, 10) == 1);
}

TEST_CASE("statistics: trials to a fraction of the best") {
  CHECK(trials_to(halving, 1, 0.5, 10) == 5);
  CHECK(trials_to(halving, 1, 0.95, 10) == 8);
  CHECK(trials_to(halving, 1, 0.95, 7) == 8);  // never: one more than there were
  CHECK(trials_to(halving, 0.9, 0.95, 10) == 11);
}

TEST_CASE("statistics: quantiles") {
  CHECK(quantile({3, 1, 2}, 0.5) == 2);
  CHECK(quantile({1, 2}, 0.5) == 1.5);
  CHECK(quantile({1, 2, 3, 4, 5}, 0.25) == 2);
  CHECK(quantile({1, INFINITY, 2}, 0.5) == 2);  // no NaN from what is not there yet
  CHECK(quantile({7}, 0.9) == 7);
}

TEST_CASE("statistics: bootstrap intervals") {
  // The mean of 100 values 0 .. 99: standard error 2.89.
  const auto mean = [](const std::vector<std::vector<std::size_t>>& chosen) {
    double sum = 0, count = 0;
    for (const auto& group : chosen)
      for (const std::size_t each : group) sum += static_cast<double>(each), ++count;
    return sum / count;
  };
  const estimate found = bootstrap({100}, mean);
  CHECK(found.value == doctest::Approx(49.5));
  CHECK(found.low == doctest::Approx(49.5 - 1.96 * 2.89).epsilon(0.02));
  CHECK(found.high == doctest::Approx(49.5 + 1.96 * 2.89).epsilon(0.02));
  const estimate again = bootstrap({100}, mean);
  CHECK(again.low == found.low);  // the same every time
  // Groups keep their sizes: one value each, so there is nothing to vary.
  const estimate fixed = bootstrap({1, 1}, mean);
  CHECK(fixed.low == fixed.high);
}
