#include <lathe/core/random.hpp>
#include <lathe/model/losses.hpp>

#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// Compares slopes with central differences of the value, at a random place.
template <class Loss>
void check_slopes(Loss& loss, std::size_t rows) {
  random_engine engine(4);
  sequence<double> at(rows);
  for (double& each : at) each = 2 * engine.uniform() - 1;
  sequence<loss_slope> slopes(rows);
  loss.slopes(at, slopes);
  for (std::size_t row = 0; row < rows; ++row) {
    constexpr double step = 1e-4;
    sequence<double> up = at, down = at;
    up[row] += step;
    down[row] -= step;
    const double first = (loss.value(up) - loss.value(down)) / (2 * step);
    const double second = (loss.value(up) - 2 * loss.value(at) + loss.value(down)) / (step * step);
    CHECK(slopes[row].gradient == doctest::Approx(first).epsilon(1e-6));
    CHECK(slopes[row].hessian == doctest::Approx(second).epsilon(1e-4));
    CHECK(slopes[row].hessian >= 0);
  }
}

const sequence<double> worth{0.3, 1, 0.3, 0, 0.7, 0.55};

}  // namespace

TEST_CASE("losses: slopes of the squared loss are its derivatives") {
  squared_loss loss(worth), weighted(worth, worth);
  check_slopes(loss, worth.size());
  check_slopes(weighted, worth.size());
}

TEST_CASE("losses: slopes of the rank loss are its derivatives") {
  rank_loss loss(worth);
  check_slopes(loss, worth.size());
  // Far apart, where exp() would overflow: the order is right, nothing to do; or wrong, slope 1.
  const sequence<double> two{0, 1}, right{-1000, 1000}, wrong{1000, -1000};
  rank_loss pair(two);
  sequence<loss_slope> slopes(2);
  pair.slopes(right, slopes);
  CHECK(slopes[0].gradient == doctest::Approx(0));
  pair.slopes(wrong, slopes);
  CHECK(slopes[1].gradient == doctest::Approx(-0.5));  // of two rows
  CHECK(std::isfinite(slopes[0].hessian));
}

TEST_CASE("losses: slopes of sums of rows are their derivatives") {
  const sequence<double> wanted{1, 0.25, 0};
  const sequence<std::size_t> ends{2, 3, 6};
  squared_loss squared(wanted, wanted);
  rank_loss ranks(wanted);
  summed_loss squared_sums(squared, ends), ranked_sums(ranks, ends);
  check_slopes(squared_sums, 6);
  check_slopes(ranked_sums, 6);
  sequence<loss_slope> slopes(6);
  const sequence<double> at{0.5, 0.25, 0.25, 9, 9, 9};
  squared_sums.slopes(at, slopes);  // 0.5 + 0.25 of 1, weight 1
  CHECK(slopes[0].gradient == doctest::Approx(-0.25));
  CHECK(slopes[1].gradient == doctest::Approx(-0.25));
  CHECK(slopes[2].gradient == doctest::Approx(0));
  CHECK(slopes[3].gradient == 0);  // failures have no weight
  CHECK(squared_sums.value(at) == doctest::Approx(0.0625 / 2));
  ranked_sums.slopes(at, slopes);
  const sequence<double> sums{0.75, 0.25, 27};
  sequence<loss_slope> of_programs(3);
  ranks.slopes(sums, of_programs);
  CHECK(slopes[1].gradient == of_programs[0].gradient);
  CHECK(slopes[5].hessian == of_programs[2].hessian);
}
