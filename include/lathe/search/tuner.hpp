/// @file
/// The search loop. In: a space, a strategy, an evaluator and a budget. Out: the best point that
/// was found and everything that was tried. Called by api/tune; knows neither targets nor traces.
///
///     estimates ─▶ evaluate ─▶ observe ─▶ propose ─▶ prune ─▶ evaluate ─▶ observe ─▶ ... ─▶
///     compare
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/stop_flag.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/schedule/point.hpp>
#include <lathe/search/budget.hpp>
#include <lathe/search/strategy.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>

namespace lathe {

/// Finds out what points are worth: lowers, compiles, checks and times them, or looks them up.
class evaluator {
 public:
  virtual ~evaluator() = default;

  /// One observation per point, in their order. A bad candidate is a failed measurement, never an
  /// exception.
  /// @param seconds  left for the search [s], infinite if there is no limit. Looked at between
  ///     candidates: once it is over, or the search is cancelled, those not finished are left out
  virtual sequence<observation> evaluate(std::span<const point> points, double seconds) = 0;

  /// Times finalists against each other, interleaved, so that a change of the machine's speed hits
  /// all of them alike. The default evaluates them once more.
  /// @param seconds  that it should take at most [s]; every finalist gets a time all the same
  virtual sequence<observation> compare(std::span<const point> finalists, double seconds) {
    static_cast<void>(seconds);
    return evaluate(finalists, std::numeric_limits<double>::infinity());
  }
};

/// The state of a search, for people who wait for it.
struct search_progress {
  int trials = 0;        ///< points evaluated, failures included
  int trials_limit = 0;  ///< 0 = no limit
  double best_seconds = std::numeric_limits<double>::infinity();
  std::array<int, failure_count> outcomes{};  ///< by failure class; [none] = successes
  int pruned = 0;                             ///< rejected by the space without a trial, not above
  double elapsed_seconds = 0;
  /// @name Where the time went [s]: of all trials, as long as one takes, however many at a time
  /// @{
  double strategy_seconds = 0;  ///< proposing and observing
  double compile_seconds = 0;   ///< of all threads that compile
  double check_seconds = 0;     ///< first runs and comparisons of results
  double run_seconds = 0;       ///< timing
  double compare_seconds = 0;   ///< the comparison of the finalists
  /// @}
  double left_seconds = std::numeric_limits<double>::infinity();  ///< infinite = not known
};

/// How to search.
struct search_options {
  budget limits;
  int batch = 8;               ///< points evaluated together; does not change what is tried
  int finalists = 4;           ///< fastest points compared at the end; 0 = trust the first times
  double compare_seconds = 0;  ///< [s] of limits.seconds that are kept for that comparison
  const stop_flag* cancel = nullptr;  ///< stop when true; the evaluator may look, too
  void (*on_progress)(const search_progress& state, void* context) = nullptr;  ///< after each batch
  void* progress_context = nullptr;
  double (*clock)() = nullptr;  ///< [s]; null = a monotonic clock. Tests bring their own
};

/// An improvement: after so many trials and seconds, the best time is `best` [s].
struct search_step {
  int trial;       ///< the first is 1
  double seconds;  ///< [s] since the beginning
  double best;     ///< [s]
};

/// What a search found.
struct search_result {
  std::optional<observation> best;  ///< nothing only if no trial succeeded twice
  sequence<observation> finalists;  ///< as compared at the end
  sequence<observation> trials;     ///< everything evaluated, in order
  sequence<double> elapsed;         ///< [s] per trial: when its batch had been evaluated
  stop_reason stopped = stop_reason::exhausted;
  search_progress progress;
};

/// Searches. The first estimate of the space is always evaluated, whatever the budget, and always
/// one of the finalists, so that the result is never slower than it. Of finalists that are equally
/// fast (a statistical tie) the simplest wins, see search_space::complexity(). So are the other
/// estimates. The trials depend only on the space, the strategy's seed, `known` and the outcomes,
/// unless the budget limits time: then the search ends with the candidate that is being tried when
/// it is over.
/// @param known  outcomes of an earlier run: told to the strategy, not tried again, no trials here
/// @error LATHE-E504 if the evaluator returns another number of observations than it got points,
///        though neither was the time limited nor the search cancelled
LATHE_INLINE search_result run_search(const search_space& space, strategy& proposer,
                                      evaluator& judge, const search_options& options = {},
                                      std::span<const observation> known = {});

/// The tuning curve: every improvement, in order.
LATHE_INLINE sequence<search_step> improvements_of(const search_result& found);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/tuner.ipp>
#endif
