/// @file
/// Strategies that plan a few points at a time and wait for all their outcomes: what such a
/// strategy proposes does not depend on the batch size. In: what the strategy that derives from it
/// plans and learns. Called through the strategy interface.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/random.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/strategy.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// Turns plans into proposals and keeps track of what was seen.
class planned_search : public strategy {
 public:
  LATHE_INLINE sequence<point> propose(int n) final;
  LATHE_INLINE void observe(std::span<const observation> trials) final;

 protected:
  /// @param space  must outlive the strategy
  planned_search(const search_space& space, std::uint64_t seed) : space_(space), engine_(seed) {}

  /// Adds unseen points to the plan; adding none says that the space is exhausted.
  virtual void plan() = 0;
  /// The outcomes of the points of the last plan, in that order; also of points that others chose.
  virtual void learn(std::span<const observation> trials) = 0;

  /// Adds a point to the plan unless its program was seen.
  LATHE_INLINE bool add(const point& candidate);
  /// Adds a random unseen point, if one is left.
  LATHE_INLINE bool add_random();
  /// Number of points in the plan so far.
  std::size_t planned() const { return plan_.size(); }

  const search_space& space_;
  random_engine engine_;
  seen_points seen_;

 private:
  sequence<point> plan_;  // of which the first proposed_ are out
  std::size_t proposed_ = 0;
  std::size_t awaited_ = 0;  // of those, the ones without an outcome
  sequence<observation> outcomes_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/planned_search.ipp>
#endif
