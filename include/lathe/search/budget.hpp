/// @file
/// When a search is over. In: limits and the state of a search. Out: whether to go on, and if not,
/// why. Called by tuner.hpp.
#pragma once

#include <limits>
#include <optional>

namespace lathe {

/// Why a search ended.
enum class stop_reason : unsigned char {
  trials,          ///< as many trials as allowed
  time,            ///< as long as allowed
  no_improvement,  ///< the last trials found nothing better
  target,          ///< good enough: close to what the machine can do
  exhausted,       ///< nothing left to try
  cancelled        ///< by the caller
};

/// The word used in records: "time", "no_improvement".
constexpr const char* name_of(stop_reason reason) {
  switch (reason) {
    case stop_reason::trials: return "trials";
    case stop_reason::time: return "time";
    case stop_reason::no_improvement: return "no_improvement";
    case stop_reason::target: return "target";
    case stop_reason::exhausted: return "exhausted";
    case stop_reason::cancelled: return "cancelled";
  }
  return "?";
}

/// Text for reports: "time limit reached".
constexpr const char* text_of(stop_reason reason) {
  switch (reason) {
    case stop_reason::trials: return "trial limit reached";
    case stop_reason::time: return "time limit reached";
    case stop_reason::no_improvement: return "no further improvement";
    case stop_reason::target: return "target reached";
    case stop_reason::exhausted: return "everything tried";
    case stop_reason::cancelled: return "cancelled";
  }
  return "?";
}

/// Limits of a search; whichever is met first ends it.
struct budget {
  double seconds = std::numeric_limits<double>::infinity();
  int trials = std::numeric_limits<int>::max();
  int patience = std::numeric_limits<int>::max();  ///< trials without improvement
  double roofline_seconds = 0;                     ///< no kernel is faster; 0 = not known
  double target_fraction = 1;  ///< of the roofline: stop at roofline_seconds / best >= this

  /// Improvements below this share do not reset the patience: they are noise.
  static constexpr double least_improvement = 0.005;
};

/// What a budget looks at.
struct budget_use {
  double seconds = 0;
  int trials = 0;
  int trials_since_improvement = 0;
  double best_seconds = std::numeric_limits<double>::infinity();
};

/// The reason to stop now, or nothing.
constexpr std::optional<stop_reason> why_stop(const budget& allowed, const budget_use& used) {
  if (used.trials >= allowed.trials) return stop_reason::trials;
  if (used.seconds >= allowed.seconds) return stop_reason::time;
  if (allowed.roofline_seconds > 0 &&
      allowed.roofline_seconds >= allowed.target_fraction * used.best_seconds) {
    return stop_reason::target;
  }
  if (used.trials_since_improvement >= allowed.patience) return stop_reason::no_improvement;
  return std::nullopt;
}

/// Seconds until the first of the time and trial limits, at the pace so far; infinite if unlimited.
constexpr double seconds_left(const budget& allowed, const budget_use& used) {
  double left = allowed.seconds - used.seconds;
  if (allowed.trials != std::numeric_limits<int>::max() && used.trials > 0) {
    const double by_pace = used.seconds / used.trials * (allowed.trials - used.trials);
    if (by_pace < left) left = by_pace;
  }
  return left > 0 ? left : 0;
}

}  // namespace lathe
