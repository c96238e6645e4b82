/// @file
/// Bayesian optimisation: a Gaussian process says where the best time may be. In: a space, a seed,
/// the outcomes of its proposals. Called through the strategy interface.
///
/// Willemsen, van Nieuwpoort, van Werkhoven, "Bayesian Optimization for auto-tuning GPU kernels",
/// PMBS 2021, as in Kernel Tuner: contextual variance, a portfolio of three acquisition functions
/// ("multi", "advanced multi") that share one prediction ("fast"), failures visited but not
/// modelled.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/gaussian_process.hpp>
#include <lathe/search/planned_search.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// Functions of a prediction whose maximum is worth measuring.
enum class acquisition : unsigned char {
  improvement,  ///< expected improvement over the best
  probability,  ///< probability of an improvement
  bound         ///< lower confidence bound
};

/// The worth of a prediction of a time, higher is better.
/// @param best         least time so far
/// @param exploration  improvements below it do not count (the first two, in units of `scale`);
///                     deviations that the bound is below the mean
LATHE_INLINE double acquisition_value(acquisition how, const uncertain_value& predicted,
                                      double best, double exploration, double scale);

/// Which acquisition functions are asked: all that earn it.
class acquisition_portfolio {
 public:
  static constexpr std::size_t size = 3;

  /// @param advanced  functions are judged by what they find, not only where they agree
  explicit acquisition_portfolio(bool advanced) : advanced_(advanced) {}

  bool is_used(std::size_t number) const { return all_[number].used; }
  /// Notes what every used function proposed (numbers of candidates) and what came of it (infinite:
  /// failed), and drops a function: "multi": of those that proposed the same five times in a row
  /// the one that found less; "advanced": one that finds 10 % less than the mean five times in a
  /// row, or all but one that finds 10 % more.
  LATHE_INLINE void judge(std::span<const std::size_t> proposals, std::span<const double> found);

 private:
  struct record {
    bool used = true;
    int duplicates = 0, worse = 0, better = 0;  // times in a row
    double sum = 0, weight = 0;                 // discounted values
  };

  double mean_of(const record& of) const { return of.weight > 0 ? of.sum / of.weight : 0; }
  int used() const { return all_[0].used + all_[1].used + all_[2].used; }
  LATHE_INLINE void drop_duplicate(std::span<const std::size_t> proposals);
  LATHE_INLINE void drop_worse();

  bool advanced_;
  std::array<record, size> all_;
};

/// Parameters of bayesian_search.
struct bayesian_options {
  int initial = 20;       ///< points of a latin hypercube before the model is asked
  int candidates = 4096;  ///< points that are scored. A larger space: random ones and neighbours of
                          ///< the best, drawn again from time to time
  int redraw = 32;        ///< [observations] between these drawings
  int advanced = 0;       ///< 1: "advanced multi"
  int logarithm = 0;      ///< 1: logarithms of times are modelled; ours
  gaussian_process_options process;
};

/// A plan is one point of every acquisition function that is used.
class bayesian_search final : public planned_search {
 public:
  LATHE_INLINE bayesian_search(const search_space& space, std::uint64_t seed,
                               const bayesian_options& options = {});

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  LATHE_INLINE void add_initial();
  LATHE_INLINE void draw_candidates();
  LATHE_INLINE bool offer_candidate(const point& at, flat_set<std::uint64_t>& offered);
  LATHE_INLINE bool add_candidate();
  LATHE_INLINE void add_predicted();

  bayesian_options options_;
  gaussian_process model_;
  acquisition_portfolio portfolio_;
  bool initialised_ = false;
  sequence<point> candidates_;  // of these, the ones that were not proposed are open
  sequence<std::uint64_t> hashes_;
  sequence<bool> open_;
  bool complete_ = false;     // every point of the space is one
  std::size_t drawn_at_ = 0;  // observations at the last drawing
  sequence<point> successes_;
  sequence<double> values_;
  double initial_mean_ = 0, initial_deviation_ = 0;
  sequence<std::size_t> proposals_;  // per acquisition function: candidate; past the end: none
  sequence<std::size_t> places_;     // per acquisition function: number in the plan
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/bayesian_search.ipp>
#endif
