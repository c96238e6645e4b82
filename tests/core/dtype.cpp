#include <lathe/core/dtype.hpp>

#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using lathe::bf16;

TEST_CASE("bf16: rounds to nearest, ties to even") {
  const auto bits = [](std::uint32_t of) { return bf16(std::bit_cast<float>(of)).bits; };
  CHECK(bf16(1.0f).bits == 0x3f80);
  CHECK(bits(0x3f808000) == 0x3f80);  // a tie, even below
  CHECK(bits(0x3f818000) == 0x3f82);  // a tie, even above
  CHECK(bits(0x3f808001) == 0x3f81);
  CHECK(bits(0x3f807fff) == 0x3f80);
  CHECK(bits(0xbf818000) == 0xbf82);
  CHECK(bits(0x7f7fffff) == 0x7f80);  // above the largest: infinite
  CHECK(bits(0x00008001) == 0x0001);  // denormals too
  CHECK(bf16(300).bits == 0x4396);
}

TEST_CASE("bf16: what is no number stays so, infinities stay infinite") {
  using limits = std::numeric_limits<float>;
  CHECK(std::isnan(static_cast<float>(bf16(limits::quiet_NaN()))));
  CHECK(std::isnan(static_cast<float>(bf16(std::bit_cast<float>(0x7f800001U)))));
  CHECK(static_cast<float>(bf16(-limits::infinity())) == -limits::infinity());
}

TEST_CASE("bf16: converts to and from numbers, and compares as one") {
  static_assert(static_cast<int>(bf16(-3.0)) == -3);
  static_assert(static_cast<double>(bf16(0.1)) == 0.10009765625);
  static_assert(lathe::rounded_to(lathe::dtype::bf16, 0.1) == 0.10009765625);
  static_assert(sizeof(bf16) == lathe::size_of(lathe::dtype::bf16));
  CHECK(bf16(0.0f) == bf16(-0.0f));
  CHECK_FALSE(bf16(1) == bf16(2));
}
