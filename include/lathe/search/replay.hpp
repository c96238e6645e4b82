/// @file
/// Searches without a machine: outcomes come from a recorded table. In: points and what they once
/// gave. Out: the same, at once and without noise. Called by tests and by comparisons of
/// strategies.
#pragma once

#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/tuner.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace lathe {

/// Evaluates by looking up. Points that were never recorded are illegal.
class replay_evaluator final : public evaluator {
 public:
  /// @param space  must outlive the evaluator
  explicit replay_evaluator(const search_space& space) : space_(space) {}

  /// Records an outcome; the last one of a point counts.
  void record(const point& at, measurement outcome) { record(space_.hash(at), std::move(outcome)); }
  /// The same for a program by its search_space::hash(), e.g. of a stored trial's trace.
  void record(std::uint64_t hash, measurement outcome) { outcomes_[hash] = std::move(outcome); }

  sequence<observation> evaluate(std::span<const point> points, double) override {
    sequence<observation> found;
    for (const point& at : points) found.push_back({at, outcome_of(at)});
    return found;
  }

  /// Number of recorded points.
  std::size_t size() const { return outcomes_.size(); }

 private:
  measurement outcome_of(const point& at) const {
    const auto found = outcomes_.find(space_.hash(at));
    if (found != outcomes_.end()) return found->second;
    return measurement::failure_of(failure::illegal, "not in the recorded table");
  }

  const search_space& space_;
  flat_map<std::uint64_t, measurement> outcomes_;
};

}  // namespace lathe
