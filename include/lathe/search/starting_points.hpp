/// @file
/// The points that were evaluated, and where to go on from: FlexTensor's choice of starting points
/// by simulated annealing. In: points and their times. Out: a starting point. Called by
/// q_method.hpp and p_method.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/random.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/schedule/point.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe {

/// Which of two descriptions of FlexTensor to follow.
enum class flextensor_variant : unsigned char {
  paper,    ///< Zheng et al., ASPLOS 2020, sections 4.3 and 5.1
  released  ///< the code on GitHub, which differs from it
};

/// A point with a time.
struct timed_point {
  point at;
  double seconds = 0;
  bool retired = false;  ///< no longer a starting point
};

/// The set H of the paper.
class starting_points {
 public:
  /// @param gamma  how much more often good points are chosen. The paper gives no value, the
  ///     released code has 0.5 for its own formula
  starting_points(flextensor_variant variant, double gamma) : variant_(variant), gamma_(gamma) {}

  /// Adds a success.
  LATHE_INLINE void add(const point& at, double seconds, random_engine& engine);

  /// A point p with probability exp(-gamma (E* - E_p) / E*) of being taken when it is drawn, where
  /// E = 1 / time and E* is the best (paper), or exp(-gamma (t_p - t*) / t*) with times (released).
  /// @returns its number; size() if there is none that is not retired
  LATHE_INLINE std::size_t choose(random_engine& engine) const;

  /// The numbers of the `count` fastest points that are not retired, fastest first.
  LATHE_INLINE sequence<std::size_t> fastest(std::size_t count) const;

  /// No starting point any more: all its neighbours were visited, or none of them was better.
  void retire(std::size_t number) { all_[number].retired = true; }

  const timed_point& operator[](std::size_t number) const { return all_[number]; }
  std::size_t size() const { return all_.size(); }
  double best_seconds() const { return all_[best_].seconds; }

 private:
  LATHE_INLINE double acceptance(double seconds) const;

  flextensor_variant variant_;
  double gamma_;
  sequence<timed_point> all_;
  std::size_t best_ = 0;
};

/// Which decisions are open: those of one stage after the other, then those about several stages
/// (placement, inlining), then again; each until `patience` points brought nothing.
class stage_by_stage {
 public:
  /// @param patience  [points] without an improvement of 1 % that end a phase; 0 = all decisions
  ///     are always open
  LATHE_INLINE stage_by_stage(const search_space& space, int patience);

  bool is_open(std::size_t site) const { return phase_of_[site] == open_ || phases_ < 2; }
  /// Notes that a point was evaluated. @param seconds  infinite if it failed
  LATHE_INLINE void note(double seconds);
  /// Goes on to the next phase: there is nothing left to do in this one.
  LATHE_INLINE void next();
  /// Number of phases.
  std::size_t phases() const { return phases_; }

 private:
  int patience_;
  sequence<std::size_t> phase_of_;  // per site
  std::size_t phases_ = 0, open_ = 0;
  int idle_ = 0;
  double best_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/starting_points.ipp>
#endif
