/// @file
/// The one source of pseudo-random numbers: same numbers on every compiler and platform, so that a
/// seed names a search. In: a seed and a stream number. Called by input generators and strategies.
#pragma once

#include <cstdint>

namespace lathe {

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
/// Not for cryptography. One engine belongs to one thread.
class random_engine {
 public:
  /// Engines with different streams are independent under the same seed: one per component.
  constexpr explicit random_engine(std::uint64_t seed, std::uint64_t stream = 0)
      : state_(mixed(seed + golden_ratio) ^ mixed(stream * golden_ratio + 1)) {}

  /// 64 uniform bits.
  constexpr std::uint64_t next() {
    state_ += golden_ratio;
    return mixed(state_);
  }

  /// Uniform integer in [0, bound), without bias (Lemire, "Fast random integer generation in an
  /// interval", TOMACS 2019). @pre bound > 0
  constexpr std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = (next() >> 32) * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t rejected = (0U - bound) % bound;
      while (static_cast<std::uint32_t>(product) < rejected) product = (next() >> 32) * bound;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// True with the given probability.
  constexpr bool chance(double probability) { return uniform() < probability; }

 private:
  static constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15U;

  static constexpr std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebU;
    return bits ^ bits >> 31;
  }

  std::uint64_t state_;
};

}  // namespace lathe
