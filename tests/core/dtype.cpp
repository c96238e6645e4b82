#include <lathe/core/dtype.hpp>

#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using lathe::bf16;
using lathe::f16;

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

TEST_CASE("f16: rounds to nearest, ties to even") {
  CHECK(f16(1.0f).bits == 0x3c00);
  CHECK(f16(-2).bits == 0xc000);
  CHECK(f16(2049).bits == 0x6800);  // a tie, even below
  CHECK(f16(2051).bits == 0x6802);  // a tie, even above
  CHECK(f16(2049.0009765625f).bits == 0x6801);
  CHECK(f16(65504).bits == 0x7bff);
  CHECK(f16(65519.996f).bits == 0x7bff);
  CHECK(f16(65520).bits == 0x7c00);  // a tie above the largest: infinite
  CHECK(f16(1e9).bits == 0x7c00);
}

TEST_CASE("f16: denormals") {
  CHECK(f16(0x1p-14f).bits == 0x0400);
  CHECK(f16(0x1p-24f).bits == 0x0001);
  CHECK(f16(-0x1p-25f).bits == 0x8000);  // a tie, even below
  CHECK(f16(0x1.000002p-25f).bits == 0x0001);
  CHECK(f16(0x3p-25f).bits == 0x0002);      // a tie, even above
  CHECK(f16(0x1.ffcp-15f).bits == 0x0400);  // a tie between the largest and 2^-14
  CHECK(f16(0x1p-140f).bits == 0);
}

TEST_CASE("f16: every number comes back, and lies between its neighbours") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    f16 number;
    number.bits = static_cast<std::uint16_t>(bits);
    const auto value = static_cast<float>(number);
    const bool is_number = (bits & 0x7fff) <= 0x7c00;
    if (std::isnan(value) == is_number) ++wrong;
    if (!is_number) continue;
    wrong += f16(value).bits != bits;
    if ((bits & 0x7fff) >= 0x7bff) continue;
    f16 next;
    next.bits = static_cast<std::uint16_t>(bits + 1);
    const float middle = value + (static_cast<float>(next) - value) / 2;
    wrong += f16(middle).bits != bits + (bits & 1);
    wrong += f16(std::nextafter(middle, value)).bits != bits;
    wrong += f16(std::nextafter(middle, static_cast<float>(next))).bits != bits + 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("f16: what is no number stays so, infinities stay infinite") {
  using limits = std::numeric_limits<float>;
  CHECK(std::isnan(static_cast<float>(f16(limits::quiet_NaN()))));
  CHECK(std::isnan(static_cast<float>(f16(std::bit_cast<float>(0x7f800001U)))));
  CHECK(static_cast<float>(f16(-limits::infinity())) == -limits::infinity());
}

TEST_CASE("f16: converts to and from numbers and bf16, and compares as one") {
  static_assert(static_cast<int>(f16(-3.0)) == -3);
  static_assert(static_cast<double>(f16(0.1)) == 0.0999755859375);
  static_assert(lathe::rounded_to(lathe::dtype::f16, 0.1) == 0.0999755859375);
  static_assert(sizeof(f16) == lathe::size_of(lathe::dtype::f16));
  static_assert(static_cast<float>(bf16(f16(257))) == 256);
  static_assert(f16(bf16(1e6)).bits == 0x7c00);
  CHECK(f16(0.0f) == f16(-0.0f));
  CHECK_FALSE(f16(1) == f16(2));
}
