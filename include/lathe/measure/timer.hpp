/// @file
/// How long does a call take? In: a callable as function pointer and context, and when to stop.
/// Out: seconds per call, several samples. Called by the worker and for the final comparison of
/// winners.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <limits>

namespace lathe {

/// Monotonic wall clock [s], from an arbitrary start.
LATHE_INLINE double monotonic_seconds();

/// Processor time of the calling thread [s]: does not count while other programs have the CPU. For
/// kernels that run on the calling thread alone.
LATHE_INLINE double thread_seconds();

/// Longer calls take no notice of what the caches hold [s].
inline constexpr double long_call = 5e-3;

/// When a timing is good enough.
struct timing_options {
  double min_seconds = 0.02;     ///< total of all samples, unless they agree earlier
  double max_seconds = 1;        ///< no new sample after this
  double sample_seconds = 5e-5;  ///< shorter calls are repeated within a sample
  int min_samples = 3;
  int max_samples = 60;
  double agreement = 0.005;  ///< enough samples when their median is known to this share
  double best_seconds = std::numeric_limits<double>::infinity();  ///< per call, of the best so far
  double hopeless_factor =
      2.5;                      ///< give up when the first calls take more than this times the best
  double (*clock)() = nullptr;  ///< null = monotonic_seconds; tests bring their own
};

/// Seconds per call, in the order measured.
struct timing {
  sequence<double> samples;  ///< at least one
  bool hopeless = false;     ///< given up early: far from the best, the samples are true
};

/// Calls `call(context)` once to warm up (its time counts only to give up early), then until the
/// samples agree. Samples of a hopeless candidate: the better of at most two calls.
LATHE_INLINE timing time_calls(void (*call)(void*), void* context, const timing_options& options);

/// The same with a stopwatch of the caller's, for calls that run elsewhere.
/// @param seconds_of  makes `calls` calls and says how long each took [s]; infinite ends the timing
LATHE_INLINE timing time_calls(double (*seconds_of)(void*, int calls), void* context,
                               const timing_options& options);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/timer.ipp>
#endif
