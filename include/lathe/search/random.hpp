/// @file
/// Random search: the strategy that every other one must beat, and the source of unseen points for
/// the others. In: a space and a seed. Called by tuner.hpp through the strategy interface.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/random.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/strategy.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace lathe {

/// A uniformly drawn point, whether it was seen or not.
LATHE_INLINE point random_point(const search_space& space, random_engine& engine);

/// The next point in counting order, the last site fastest; the first point follows the last one.
LATHE_INLINE void count_on(const search_space& space, point& at);

/// A uniformly drawn point of a hash not in `seen`, which it is added to. When draws keep meeting
/// seen points, counts on from the last one: no point is ever out of reach in spaces of up to 65536
/// points. Nothing if none is left, or in larger spaces none within 65536 steps.
/// @complexity  O(sites) expected while most of the space is unseen
LATHE_INLINE std::optional<point> draw_unseen(const search_space& space, random_engine& engine,
                                              seen_points& seen);

/// Uniform, without replacement. What it observes only tells it what not to draw again.
class random_search final : public strategy {
 public:
  /// @param space  must outlive the strategy
  LATHE_INLINE random_search(const search_space& space, std::uint64_t seed);
  LATHE_INLINE sequence<point> propose(int n) override;
  LATHE_INLINE void observe(std::span<const observation> trials) override;

 private:
  const search_space& space_;
  random_engine engine_;
  seen_points seen_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/random.ipp>
#endif
