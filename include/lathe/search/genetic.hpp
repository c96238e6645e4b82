/// @file
/// A genetic algorithm on measured times. In: a space, a seed, the outcomes of its proposals.
/// Called through the strategy interface.
///
/// After Woodpecker-DL (Liu et al., 2020), which searches configurations of a code generator with a
/// genetic algorithm and with reinforcement learning (policy_gradient.hpp) but publishes no
/// parameters: population, tournament, uniform crossover, mutation and elite are ours.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/planned_search.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace lathe {

/// Parameters of genetic_search.
struct genetic_options {
  int population = 32;  ///< points of a generation
  int tournament = 3;   ///< parents compete in groups of this size
  int elite = 2;        ///< best points that stay in the next generation
  double mutation = 1;  ///< expected number of decisions that change in a child
};

/// Generations replace each other but for the elite. Failures are the least fit.
class genetic_search final : public planned_search {
 public:
  LATHE_INLINE genetic_search(const search_space& space, std::uint64_t seed,
                              const genetic_options& options = {});

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  struct member {
    point at;
    double seconds;  // infinite: failed
  };

  LATHE_INLINE const point& parent();
  LATHE_INLINE bool add_child();

  genetic_options options_;
  sequence<member> population_;  // fastest first
  bool started_ = false;         // a generation of its own was planned
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/genetic.ipp>
#endif
