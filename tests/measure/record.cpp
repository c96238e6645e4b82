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
