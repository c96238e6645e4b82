/// @file
/// Bodies of timer.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/measure/timer.hpp>

#include <ctime>

namespace lathe {

namespace detail {

/// True if the median of `samples` is known to a share of `agreement`. The standard error of the
/// median of n normal samples is 1.2533 sigma / sqrt(n), and sigma is 1.2533 mean absolute
/// deviations: those, unlike median ones, do not vanish when most of a few samples happen to agree.
inline bool samples_agree(const sequence<double>& samples, double agreement) {
  const double centre = median(samples);
  double deviations = 0;
  for (const double seconds : samples) deviations += math::abs(seconds - centre);
  const auto count = static_cast<double>(samples.size());
  const double error = 1.2533 * 1.2533 * deviations / count / math::sqrt(count);
  return error <= agreement * centre;
}

}  // namespace detail

LATHE_INLINE double monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

LATHE_INLINE double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

LATHE_INLINE timing time_calls(void (*call)(void*), void* context, const timing_options& options) {
  struct {
    void (*call)(void*);
    void* context;
    double (*clock)();
  } timed{call, context, options.clock != nullptr ? options.clock : &monotonic_seconds};
  const auto seconds_of = [](void* self, int calls) {
    const auto& of = *static_cast<decltype(timed)*>(self);
    const double start = of.clock();
    for (int n = 0; n < calls; ++n) of.call(of.context);
    return (of.clock() - start) / calls;
  };
  return time_calls(seconds_of, &timed, options);
}

LATHE_INLINE timing time_calls(double (*seconds_of)(void*, int calls), void* context,
                               const timing_options& options) {
  double (*const clock)() = options.clock != nullptr ? options.clock : &monotonic_seconds;
  timing result;
  const double begin = clock();
  const double cold = seconds_of(context, 1);
  const double hopeless = options.hopeless_factor * options.best_seconds;
  if (cold > hopeless) {
    // The first call pays for page faults and cold caches: judge by a second one.
    const double warm = seconds_of(context, 1);
    if (warm > hopeless) {
      result.samples.push_back(smaller(cold, warm));
      result.hopeless = true;
      return result;
    }
  }

  int calls = 1;
  while (true) {
    const double seconds = seconds_of(context, calls);
    if (math::isinf(seconds)) return result;
    if (seconds * calls < options.sample_seconds && calls < 1 << 20) {
      // Too short to be told from the clock's own resolution: lengthen the sample, start again.
      const double wanted = 1.2 * options.sample_seconds / larger(seconds, 1e-9);
      calls = static_cast<int>(clamped(wanted, 2.0 * calls, static_cast<double>(1 << 20)));
      continue;
    }
    result.samples.push_back(seconds);
    const double elapsed = clock() - begin;
    const int count = static_cast<int>(result.samples.size());
    if (count >= options.max_samples || elapsed >= options.max_seconds) return result;
    if (count < options.min_samples) continue;
    if (elapsed >= options.min_seconds ||
        detail::samples_agree(result.samples, options.agreement)) {
      return result;
    }
  }
}

}  // namespace lathe
