/// @file
/// Every number of f16 or bf16, and floats around them: what code that converts them is given, and
/// whether the results have the bits that the type itself makes.
#pragma once

#include <lathe/analysis/describe.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace test_numbers {

template <class Half>
struct half_numbers {
  static constexpr int count = 1 << 16;
  std::vector<Half> halves, rounded;
  std::vector<float> floats, widened;

  half_numbers() : halves(count), rounded(count), floats(count), widened(count) {
    // What is dropped of a float's bits: nothing, ties, and what lies beside them.
    constexpr std::array<std::uint32_t, 8> lower{0,      1,      0x7fff, 0x8000,
                                                 0x8001, 0xffff, 0x4000, 0x8000};
    for (std::uint32_t at = 0; at < count; ++at) {
      halves[at].bits = static_cast<std::uint16_t>(at);
      const auto near = std::bit_cast<std::uint32_t>(static_cast<float>(halves[at]));
      floats[at] = std::bit_cast<float>(at % 2 == 0 ? at << 16 | lower[at / 2 % 8]
                                                    : near + (lower[at / 2 % 8] >> 3));
    }
  }

  /// Y = X as float, Z = F as Half.
  static auto conversions() {
    using namespace lathe;
    axis<"i"> i{count};
    tensor<"X", Half, 1> X;
    tensor<"F", float, 1> F;
    tensor<"Y", float, 1> Y;
    tensor<"Z", Half, 1> Z;
    return op<"converted">(X, F, Y, Z)(Y(i) = cast<float>(X(i)), Z(i) = cast<Half>(F(i)));
  }

  /// The arguments of conversions().
  std::array<void*, 4> arguments() {
    return {halves.data(), floats.data(), widened.data(), rounded.data()};
  }

  /// Results that are not those of the type. Which NaN a NaN becomes may differ when it is widened.
  int wrong() const {
    int out = 0;
    for (std::size_t at = 0; at < count; ++at) {
      const auto wanted = static_cast<float>(halves[at]);
      const bool same = std::isnan(wanted) ? std::isnan(widened[at])
                                           : std::bit_cast<std::uint32_t>(wanted) ==
                                                 std::bit_cast<std::uint32_t>(widened[at]);
      out += !same;
      out += rounded[at].bits != Half(floats[at]).bits;
    }
    return out;
  }
};

}  // namespace test_numbers
