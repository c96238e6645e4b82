/// @file
/// A synthetic tuning problem for the tests of this folder: nine ordered and unordered decisions
/// that depend on each other, a rugged surface, illegal and crashing regions, one known-good
/// estimate.
#pragma once

#include <lathe/core/random.hpp>
#include <lathe/search/replay.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

/// 12^4 * 4 * 3 * 2 = 497664 points, about 0.1 % of them within 5 % of the best.
class rugged_space final : public lathe::search_space {
 public:
  explicit rugged_space(std::uint64_t instance = 1) : instance_(instance) {
    for (int n = 0; n < 4; ++n) sites.push_back({"split", 12, lathe::linear_moves(12)});
    sites.push_back({"order", 4, {}});
    sites.push_back({"unroll", 3, lathe::linear_moves(3)});
    sites.push_back({"inline", 2, {}});
    estimates.push_back({{2, 2, 2, 2, 0, 1, 0}});
  }

  std::optional<lathe::rejection> why_rejected(const lathe::point& at) const override {
    if (at.choices[0] + at.choices[1] <= 16) return std::nullopt;
    return lathe::rejection{"register tile too large", true};
  }

  /// What measuring a point gives.
  lathe::measurement outcome(const lathe::point& at) const {
    const auto& c = at.choices;
    if (c[2] == 11 && c[4] == 3) {
      return lathe::measurement::failure_of(lathe::failure::crash, "SIGSEGV");
    }
    // The best register tile, the best cache tile depends on it and on the order; each a factor.
    double seconds = 1e-3;
    seconds *= 1 + 0.03 * squared(c[0] - 7) + 0.03 * squared(c[1] - 6);
    seconds *= 1 + 0.02 * squared(c[2] - c[0]) + 0.02 * squared(c[3] - 4 - 2 * c[4]);
    seconds *= c[4] == 2 ? 1 : 1.3;
    seconds *= (c[5] == 1 ? 1 : 1.1) * (c[6] == 1 ? 1 : 1.15);
    // Ruggedness: up to 20 % that neighbours do not share.
    lathe::random_engine noise(hash(at), instance_);
    lathe::measurement result;
    result.samples = {seconds * (1 + 0.2 * noise.uniform())};
    return result;
  }

 private:
  static double squared(std::int32_t value) { return static_cast<double>(value) * value; }

  std::uint64_t instance_;
};

/// Calls outcome() of the space, one batch per call.
class rugged_evaluator final : public lathe::evaluator {
 public:
  explicit rugged_evaluator(const rugged_space& space) : space_(space) {}

  lathe::sequence<lathe::observation> evaluate(std::span<const lathe::point> points,
                                               double) override {
    lathe::sequence<lathe::observation> found;
    for (const lathe::point& at : points) found.push_back({at, space_.outcome(at)});
    return found;
  }

 private:
  const rugged_space& space_;
};
