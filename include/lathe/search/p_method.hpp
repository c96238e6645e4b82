/// @file
/// FlexTensor's P-method: every direction of a good point is tried. In: a space, a seed, the
/// outcomes of its proposals. Called through the strategy interface.
///
/// Zheng et al., ASPLOS 2020, section 6.5: the Q-method (q_method.hpp) without a network.
#pragma once

#include <lathe/config.hpp>
#include <lathe/search/directions.hpp>
#include <lathe/search/planned_search.hpp>
#include <lathe/search/starting_points.hpp>

#include <cstdint>
#include <span>

namespace lathe {

/// Parameters of p_method.
struct p_method_options {
  double gamma = 20;  ///< of starting_points; 0.5 if released
  int warmup = 16;    ///< random points at the start; 400 if released
  int patience = 64;  ///< of stage_by_stage; 0 = all decisions at once
  int parallel = 1;   ///< released: random points after every trial
  flextensor_variant variant = flextensor_variant::paper;

  /// The defaults of the released code.
  static p_method_options released() { return {0.5, 400, 0, 1, flextensor_variant::released}; }
};

/// A trial is one starting point and all its neighbours that were not visited.
class p_method final : public planned_search {
 public:
  LATHE_INLINE p_method(const search_space& space, std::uint64_t seed,
                        const p_method_options& options = {});

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  p_method_options options_;
  directions directions_;
  starting_points evaluated_;
  stage_by_stage stages_;
  bool warm_ = false;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/p_method.ipp>
#endif
