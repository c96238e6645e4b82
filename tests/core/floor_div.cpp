#include <lathe/core/floor_div.hpp>

#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

static_assert(floor_div(-1, 3) == -1 && floor_mod(-1, 3) == 2);

TEST_CASE("floor_div: rounded down for all signs, and the rest belongs to it") {
  for (std::int64_t value = -20; value <= 20; ++value)
    for (std::int64_t divisor = -7; divisor <= 7; ++divisor) {
      if (divisor == 0) continue;
      CAPTURE(value);
      CAPTURE(divisor);
      CHECK(static_cast<double>(floor_div(value, divisor)) ==
            std::floor(static_cast<double>(value) / static_cast<double>(divisor)));
      CHECK(floor_div(value, divisor) * divisor + floor_mod(value, divisor) == value);
    }
  CHECK(floor_div(INT64_MIN, 1) == INT64_MIN);
  CHECK(floor_div(INT64_MAX, 2) == INT64_MAX / 2);
}
