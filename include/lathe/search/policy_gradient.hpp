/// @file
/// Reinforcement learning of a distribution over points: one softmax per decision, moved along the
/// gradient of the expected reward. In: a space, a seed, the outcomes of its proposals. Called
/// through the strategy interface.
///
/// After Woodpecker-DL (Liu et al., 2020); its network is not published. Here the policy is the
/// product of one categorical distribution per decision, trained by REINFORCE (Williams, 1992) with
/// the mean of a batch as baseline, an entropy bonus and Adam.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/planned_search.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// Parameters of policy_gradient.
struct policy_gradient_options {
  int batch = 16;         ///< points per update
  double rate = 0.05;     ///< of Adam
  double entropy = 0.01;  ///< bonus at the start; falls to nothing over `cooling` updates
  int cooling = 40;       ///< [updates]
};

/// The reward of a point is log(mean time of the batch / its time); a failure's is that of the
/// slowest of its batch.
class policy_gradient final : public planned_search {
 public:
  LATHE_INLINE policy_gradient(const search_space& space, std::uint64_t seed,
                               const policy_gradient_options& options = {});

  /// Probability of a choice of a site.
  LATHE_INLINE double probability(std::size_t site, std::int32_t choice) const;

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  struct weight {  // one logit and Adam's moments of its gradient
    double value = 0, gradient = 0, mean = 0, square = 0;
  };

  LATHE_INLINE void ascend();

  policy_gradient_options options_;
  sequence<sequence<weight>> logits_;  // per site and choice
  int updates_ = 0;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/policy_gradient.ipp>
#endif
