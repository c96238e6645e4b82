/// @file
/// A walk along random directions, whatever comes of it: what a neighbourhood alone is worth. In: a
/// space and a seed. Called through the strategy interface.
#pragma once

#include <lathe/config.hpp>
#include <lathe/search/directions.hpp>
#include <lathe/search/planned_search.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace lathe {

/// Parameters of random_walk.
struct random_walk_options {
  double restart = 0.02;  ///< chance that the next point is a random one
};

/// Visits no point twice: a walk whose neighbours were all visited goes on from a random point.
class random_walk final : public planned_search {
 public:
  LATHE_INLINE random_walk(const search_space& space, std::uint64_t seed,
                           const random_walk_options& options = {});

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  random_walk_options options_;
  directions directions_;
  std::optional<point> at_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/random_walk.ipp>
#endif
