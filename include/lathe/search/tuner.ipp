/// @file
/// Bodies of tuner.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/math.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/search/tuner.hpp>

#include <string>
#include <utility>

namespace lathe {

namespace detail {

/// One run of run_search().
class search_run {
 public:
  search_run(const search_space& space, strategy& proposer, evaluator& judge,
             const search_options& options)
      : space_(space),
        proposer_(proposer),
        judge_(judge),
        options_(options),
        limits_(options.limits),
        begin_(now()) {
    limits_.seconds = larger(0.0, limits_.seconds - options_.compare_seconds);
  }

  search_result run(std::span<const observation> known) {
    observe(known);
    for (const observation& earlier : known) note_best(earlier);
    try_estimates();
    while (!finished()) {
      const int left = limits_.trials - use_.trials;
      sequence<point> proposals = propose(smaller(larger(options_.batch, 1), left));
      if (proposals.empty()) {
        result_.stopped = stop_reason::exhausted;
        break;
      }
      try_points(std::move(proposals));
    }
    choose_winner();
    return std::move(result_);
  }

 private:
  double now() const { return options_.clock != nullptr ? options_.clock() : monotonic_seconds(); }

  sequence<point> propose(int most) {
    const double begin = now();
    sequence<point> proposals = proposer_.propose(most);
    result_.progress.strategy_seconds += now() - begin;
    return proposals;
  }

  void observe(std::span<const observation> trials) {
    const double begin = now();
    proposer_.observe(trials);
    result_.progress.strategy_seconds += now() - begin;
  }

  bool cancelled() const { return options_.cancel != nullptr && options_.cancel->is_set(); }

  bool finished() {
    // A space of which pruning leaves nothing would otherwise be drawn from for a long time.
    constexpr int most_pruned_in_a_row = 20000;
    use_.seconds = now() - begin_;
    if (cancelled()) {
      result_.stopped = stop_reason::cancelled;
      return true;
    }
    if (pruned_in_a_row_ >= most_pruned_in_a_row) {
      result_.stopped = stop_reason::exhausted;
      return true;
    }
    std::optional<stop_reason> reason = why_stop(limits_, use_);
    if (!reason && interrupted_) reason = stop_reason::time;
    if (reason) result_.stopped = *reason;
    return reason.has_value();
  }

  /// Observations of the first points: all of them, unless the time was over or the search
  /// cancelled.
  sequence<observation> evaluate(std::span<const point> points, double seconds) {
    sequence<observation> judged = judge_.evaluate(points, seconds);
    interrupted_ = judged.size() < points.size() && (math::isfinite(seconds) || cancelled());
    if (!interrupted_) require_all(judged.size(), points.size());
    return judged;
  }

  double seconds_of_search_left() const { return larger(0.0, limits_.seconds - (now() - begin_)); }

  /// The first one whatever happens: it is what makes sure that there is a result.
  void try_estimates() {
    seen_points tried;
    for (const point& estimate : space_.estimates) {
      if (!tried.add(space_, estimate)) continue;
      if (tried.size() > 1 && finished()) return;
      const bool first = tried.size() == 1;
      sequence<observation> outcome =
          evaluate({&estimate, 1},
                   first ? std::numeric_limits<double>::infinity() : seconds_of_search_left());
      if (outcome.empty()) return;
      count(outcome.front());
      observe(outcome);
      report();
    }
  }

  /// Prunes, evaluates the rest, and tells the strategy about all of them in their order.
  void try_points(sequence<point> points) {
    sequence<observation> outcomes(points.size());
    sequence<point> promising;
    sequence<std::size_t> places;
    for (std::size_t n = 0; n < points.size(); ++n) {
      std::optional<rejection> rejected = space_.why_rejected(points[n]);
      if (!rejected) {
        promising.push_back(std::move(points[n]));
        places.push_back(n);
        continue;
      }
      ++result_.progress.pruned;
      ++pruned_in_a_row_;
      outcomes[n].at = std::move(points[n]);
      outcomes[n].outcome = measurement::failure_of(
          rejected->resource ? failure::limit : failure::illegal, std::move(rejected->reason));
    }
    if (!promising.empty()) {
      pruned_in_a_row_ = 0;
      sequence<observation> judged = evaluate(promising, seconds_of_search_left());
      for (std::size_t n = 0; n < judged.size(); ++n) {
        count(judged[n]);
        outcomes[places[n]] = std::move(judged[n]);
      }
    }
    // The strategy is told about all points or none; after an interruption it is not asked again.
    if (!interrupted_) observe(outcomes);
    report();
  }

  void count(const observation& trial) {
    ++use_.trials;
    ++use_.trials_since_improvement;
    search_progress& state = result_.progress;
    ++state.outcomes[static_cast<std::size_t>(trial.outcome.failed)];
    state.compile_seconds += trial.outcome.compile_seconds;
    state.check_seconds += trial.outcome.check_seconds;
    state.run_seconds += trial.outcome.run_seconds;
    note_best(trial);
    result_.trials.push_back(trial);
    result_.elapsed.push_back(now() - begin_);
  }

  void note_best(const observation& trial) {
    const double seconds = trial.outcome.seconds();
    if (!(seconds < use_.best_seconds)) return;
    if (seconds < use_.best_seconds * (1 - budget::least_improvement)) {
      use_.trials_since_improvement = 0;
    }
    use_.best_seconds = seconds;
    result_.best = trial;
  }

  void report() {
    use_.seconds = now() - begin_;
    search_progress& state = result_.progress;
    state.trials = use_.trials;
    const int limit = limits_.trials;
    state.trials_limit = limit == std::numeric_limits<int>::max() ? 0 : limit;
    state.best_seconds = use_.best_seconds;
    state.elapsed_seconds = use_.seconds;
    state.left_seconds = seconds_left(limits_, use_);
    if (options_.on_progress != nullptr) options_.on_progress(state, options_.progress_context);
  }

  /// Compares the fastest points and the estimates; whoever fails now is out, and the next
  /// fastest take their turn until somebody is left.
  void choose_winner() {
    if (options_.finalists <= 0 || cancelled()) return;
    const sequence<point> ranked = ranked_points();
    if (ranked.empty()) return;

    result_.best.reset();
    for (std::size_t first = 0; first < ranked.size() && !result_.best;) {
      const std::size_t last =
          smaller(ranked.size(), first + static_cast<std::size_t>(options_.finalists));
      sequence<point> finalists;
      for (std::size_t n = first; n < last; ++n) finalists.push_back(ranked[n]);
      if (first == 0) add_estimates(finalists, ranked);
      compare(finalists);
      first = last;
    }
  }

  /// Every point that has a time, fastest first, earlier ones first among equals. The best known
  /// from an earlier run is one of them.
  sequence<point> ranked_points() const {
    sequence<std::pair<double, const point*>> timed;
    const auto add = [&](const observation& trial) {
      if (trial.outcome.ok()) timed.emplace_back(trial.outcome.seconds(), &trial.at);
    };
    const auto is_best = [&](const observation& trial) { return trial.at == result_.best->at; };
    for (const observation& trial : result_.trials) add(trial);
    const auto& trials = result_.trials;
    if (result_.best && !any_of(trials, is_best)) add(*result_.best);

    sequence<std::size_t> order(timed.size());
    for (std::size_t n = 0; n < order.size(); ++n) order[n] = n;
    sort(order, [&](std::size_t left, std::size_t right) {
      return timed[left].first < timed[right].first;
    });
    sequence<point> ranked;
    for (const std::size_t n : order) ranked.push_back(*timed[n].second);
    return ranked;
  }

  void add_estimates(sequence<point>& finalists, const sequence<point>& ranked) const {
    for (const point& estimate : space_.estimates) {
      if (contains(ranked, estimate) && !contains(finalists, estimate))
        finalists.push_back(estimate);
    }
  }

  void compare(const sequence<point>& finalists) {
    // A search that ended early leaves more than was kept for this; one candidate may have taken
    // some of it.
    const double begin = now();
    const double left = options_.limits.seconds - (begin - begin_);
    sequence<observation> compared =
        judge_.compare(finalists, larger(options_.compare_seconds, left));
    result_.progress.compare_seconds += now() - begin;
    require_all(compared.size(), finalists.size());
    const observation* estimate = nullptr;
    for (const observation& finalist : compared)
      if (finalist.outcome.ok() && finalist.at == space_.estimates[0]) estimate = &finalist;
    const observation* best = estimate;
    for (const observation& finalist : compared) {
      if (!finalist.outcome.ok() || &finalist == estimate) continue;
      if (best != nullptr && !(finalist.outcome.seconds() < best->outcome.seconds())) continue;
      if (estimate == nullptr || is_surely_faster(finalist, *estimate)) best = &finalist;
    }
    if (best != nullptr && best != estimate) best = simplest_like(*best, compared, estimate);
    if (best != nullptr) result_.best = *best;
    for (observation& finalist : compared) result_.finalists.push_back(std::move(finalist));
  }

  /// The simplest of the finalists that are as fast as the fastest: it is not surely faster than
  /// they are, nor are its times more than a hundredth less. Faster than the estimate all the same.
  const observation* simplest_like(const observation& fastest,
                                   const sequence<observation>& compared,
                                   const observation* estimate) const {
    constexpr double margin = 0.01;
    const observation* best = &fastest;
    int least = space_.complexity(fastest.at);
    for (const observation& each : compared) {
      if (!each.outcome.ok() || &each == &fastest || &each == estimate) continue;
      if (each.outcome.seconds() > (1 + margin) * fastest.outcome.seconds() ||
          is_surely_faster(fastest, each))
        continue;
      if (estimate != nullptr && !is_surely_faster(each, *estimate)) continue;
      const int steps = space_.complexity(each.at);
      if (steps > least || (steps == least && each.outcome.seconds() >= best->outcome.seconds()))
        continue;
      least = steps;
      best = &each;
    }
    return best;
  }

  /// True in four of five rounds: the fastest of several that are equal is faster than the estimate
  /// by chance, and may be slower where the caches are in another state.
  static bool is_surely_faster(const observation& one, const observation& other) {
    const auto &left = one.outcome.samples, &right = other.outcome.samples;
    const std::size_t rounds = smaller(left.size(), right.size());
    std::size_t won = 0;
    for (std::size_t round = 0; round < rounds; ++round) won += left[round] < right[round];
    return 5 * won >= 4 * rounds;
  }

  static void require_all(std::size_t observations, std::size_t points) {
    if (observations == points) return;
    fail("LATHE-E504", "the evaluator returned " + std::to_string(observations) +
                           " observations for " + std::to_string(points) +
                           " points: return one per point, failures included");
  }

  const search_space& space_;
  strategy& proposer_;
  evaluator& judge_;
  const search_options& options_;
  budget limits_;  // without what is kept for the comparison
  double begin_;
  budget_use use_;
  int pruned_in_a_row_ = 0;
  bool interrupted_ = false;  // points were left out: the time was over
  search_result result_;
};

}  // namespace detail

LATHE_INLINE sequence<search_step> improvements_of(const search_result& found) {
  sequence<search_step> out;
  for (std::size_t at = 0; at < found.trials.size(); ++at) {
    const double seconds = found.trials[at].outcome.seconds();
    const double best = out.empty() ? std::numeric_limits<double>::infinity() : out.back().best;
    if (seconds < best) out.push_back({static_cast<int>(at) + 1, found.elapsed[at], seconds});
  }
  return out;
}

LATHE_INLINE search_result run_search(const search_space& space, strategy& proposer,
                                      evaluator& judge, const search_options& options,
                                      std::span<const observation> known) {
  return detail::search_run(space, proposer, judge, options).run(known);
}

}  // namespace lathe
