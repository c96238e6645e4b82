/// @file
/// The hash behind structural fingerprints: integers in, two independent 64-bit lanes out. Equal on
/// every compiler and platform, at compile time and at run time, because only values enter it.
#pragma once

#include <cstdint>

namespace lathe {

/// A 128-bit structural hash, see fingerprint() in analysis/fingerprint.hpp.
struct fingerprint128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr bool operator==(const fingerprint128&, const fingerprint128&) = default;
};

/// Accumulates integers into a fingerprint. The order of the calls matters.
class hash_stream {
 public:
  /// Adds one integer.
  constexpr void add(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    high_ = mixed(high_ ^ bits, 0xff51afd7ed558ccdU);
    low_ = mixed(low_ + bits, 0xc4ceb9fe1a85ec53U) ^ high_ >> 32;
  }

  /// Adds the characters of a zero-terminated text and its end.
  constexpr void add(const char* text) {
    for (; *text != 0; ++text) add(static_cast<std::int64_t>(*text));
    add(std::int64_t{0});
  }

  /// The hash of everything added so far.
  constexpr fingerprint128 value() const {
    return {mixed(high_, 0x9e3779b97f4a7c15U), mixed(low_, 0xbf58476d1ce4e5b9U)};
  }

 private:
  // Multiply and fold: the xorshift-multiply step of MurmurHash3's finaliser (A. Appleby, 2011).
  static constexpr std::uint64_t mixed(std::uint64_t bits, std::uint64_t factor) {
    bits *= factor;
    bits ^= bits >> 29;
    bits *= 0x94d049bb133111ebU;
    return bits ^ bits >> 32;
  }

  std::uint64_t high_ = 0x243f6a8885a308d3U;  // digits of pi
  std::uint64_t low_ = 0x13198a2e03707344U;
};

}  // namespace lathe
