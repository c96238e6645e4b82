#include <lathe/measure/record.hpp>

#include <cmath>
#include <doctest/doctest.h>

TEST_CASE("record: order statistics") {
  const lathe::sequence<double> odd = {3, 1, 2};
  const lathe::sequence<double> even = {4, 1, 3, 2};
  CHECK(lathe::minimum(odd) == 1);
  CHECK(lathe::median(odd) == 2);
  CHECK(lathe::median(even) == 2.5);
  const lathe::sequence<double> disturbed = {1, 1.1, 0.9, 1, 50};
  CHECK(lathe::median(disturbed) == 1);
  CHECK(lathe::median_deviation(disturbed) == doctest::Approx(0.1));
}

TEST_CASE("record: a failure is a value that ranks last") {
  const auto failed = lathe::measurement::failure_of(lathe::failure::crash, "SIGSEGV");
  CHECK_FALSE(failed.ok());
  CHECK(std::isinf(failed.seconds()));
  lathe::measurement good;
  CHECK_FALSE(good.ok());  // no samples yet
  good.samples = {2, 1, 3};
  CHECK(good.ok());
  CHECK(good.seconds() == 2);
}

TEST_CASE("record: names of failures round-trip") {
  for (std::size_t n = 0; n < lathe::failure_count; ++n) {
    const auto kind = static_cast<lathe::failure>(n);
    CHECK(lathe::failure_named(lathe::name_of(kind)) == kind);
  }
  CHECK(lathe::failure_named("from a later version") == lathe::failure::illegal);
}

TEST_CASE("record: the interval of a median is made of two of the samples") {
  lathe::sequence<double> samples;
  for (int n = 1; n <= 15; ++n) samples.push_back(n);
  CHECK(lathe::median_interval(samples).low == 4);  // tables of the sign test: ranks 4 and 12 of 15
  CHECK(lathe::median_interval(samples).high == 12);
  for (int n = 16; n <= 40; ++n) samples.push_back(n);
  CHECK(lathe::median_interval(samples).low == 14);  // 14 and 27 of 40
  CHECK(lathe::median_interval(samples).high == 27);
  const double few[] = {3, 1, 2};
  CHECK(lathe::median_interval(few).low == 1);
  CHECK(lathe::median_interval(few).high == 3);
  const double one[] = {7};
  CHECK(lathe::median_interval(one).low == 7);
  CHECK(lathe::median_interval(one).high == 7);
}
