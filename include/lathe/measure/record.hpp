/// @file
/// The outcome of one candidate as a value: time samples, or the class of a failure and why. In:
/// whatever tried the candidate. Out: strategies observe it, the store keeps it, progress counts
/// it.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lathe {

/// Why a candidate has no time.
enum class failure : unsigned char {
  none,     ///< it has one
  illegal,  ///< the schedule does not compute the same thing, or a rule of the space rejects it
  limit,    ///< legal, but over a limit: registers, cache, memory, object size
  compile,  ///< the code generator or the linker refused it
  timeout,  ///< still running when its time was over
  crash,    ///< killed by a signal, or left the process
  wrong_answer,  ///< ran, but the outputs differ, inputs were changed, or the time is impossible
  slow           ///< cut off: many times slower than the best so far. No fault of the kernel
};

/// Number of enumerators of `failure`, `none` included.
inline constexpr std::size_t failure_count = 8;

/// The word used in records and reports: "crash", "wrong_answer", ...
constexpr const char* name_of(failure kind) {
  switch (kind) {
    case failure::none: return "ok";
    case failure::illegal: return "illegal";
    case failure::limit: return "limit";
    case failure::compile: return "compile";
    case failure::timeout: return "timeout";
    case failure::crash: return "crash";
    case failure::wrong_answer: return "wrong_answer";
    case failure::slow: return "slow";
  }
  return "?";
}

/// Inverse of name_of(failure). Unknown words, as a newer version may write, read as `illegal`.
constexpr failure failure_named(std::string_view word) {
  for (std::size_t index = 0; index < failure_count; ++index) {
    const auto kind = static_cast<failure>(index);
    if (word == name_of(kind)) return kind;
  }
  return failure::illegal;
}

/// Smallest sample. @pre !samples.empty()
LATHE_INLINE double minimum(std::span<const double> samples);

/// Middle sample, the mean of the middle two for an even number. @pre !samples.empty()
LATHE_INLINE double median(std::span<const double> samples);

/// Median absolute deviation from the median: a spread that one disturbed sample cannot change.
/// @pre !samples.empty()
LATHE_INLINE double median_deviation(std::span<const double> samples);

/// Two times between which another one lies.
struct time_interval {
  double low = 0, high = 0;
};

/// Covers the median of what the samples are drawn from in 95 of 100 cases, whatever its
/// distribution: two of the samples, by the sign test (Conover, Practical Nonparametric Statistics,
/// 1999, section 3.2); with fewer than six samples, the least and the greatest, in fewer cases.
/// @pre !samples.empty()
LATHE_INLINE time_interval median_interval(std::span<const double> samples);

/// What trying one candidate gave. Never an exception: a bad candidate is a value.
struct measurement {
  sequence<double> samples;  ///< [s] per call; empty if it failed
  failure failed = failure::none;
  std::string reason;          ///< one line, empty if it did not fail
  bool stopped_early = false;  ///< hopeless after the first runs: few samples, but true ones
  double compile_seconds = 0;  ///< [s] lower, emit, compile, link
  double check_seconds = 0;    ///< [s] first run and comparison
  double run_seconds = 0;      ///< [s] warm-up and timing

  /// True if there is a time.
  bool ok() const { return failed == failure::none && !samples.empty(); }
  /// The time that ranks candidates [s]: the median sample; infinite if it failed.
  LATHE_INLINE double seconds() const;

  /// A measurement that failed.
  static measurement failure_of(failure kind, std::string why) {
    measurement result;
    result.failed = kind;
    result.reason = std::move(why);
    return result;
  }
};

/// What the store keeps of one trial.
struct record {
  std::string trace;  ///< canonical text, see schedule/trace.hpp
  measurement outcome;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/record.ipp>
#endif
