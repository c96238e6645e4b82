/// @file
/// A tuning as values: what is asked for and what came of it. In: resolved options (options.hpp).
/// Out: read by session.hpp and by everything it is made of, shown by reports.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/stop_flag.hpp>
#include <lathe/core/target.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/measure/worker.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/search/progress.hpp>
#include <lathe/search/strategy_maker.hpp>
#include <lathe/store/cache.hpp>
#include <lathe/target/cpu/executable.hpp>
#include <lathe/target/cpu/parallel.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <string>

namespace lathe {

/// How much a tuning may cost, in FFTW's spirit.
enum class effort_level : unsigned char {
  estimate,    ///< the analytic schedule, nothing is measured
  measure,     ///< search within the limits
  patient,     ///< search with limits ten times as large
  wisdom_only  ///< the cached winner, or an error
};

/// How much of a candidate's output is compared before its time counts.
enum class check_level : unsigned char {
  off,     ///< nothing: only for replaying what was checked
  sample,  ///< all elements, against a kernel that was proven at sampled elements
  all      ///< all elements, against the interpreter's value of every element
};

struct tuned;

/// Told of every kernel that is clearly faster than those before, while a search goes on.
struct better_kernel_hook {
  void (*call)(void* self, const tuned& better) = nullptr;  ///< null: nobody is told
  void* self = nullptr;
};

/// Everything a tuning needs to know, resolved (see api/options.hpp for what users set).
struct tuning_request {
  cpu_target target;
  int threads = 1;
  effort_level effort = effort_level::measure;
  double time_limit = 60;  ///< [s] of search, see tune_options; ten times that if patient
  int trials = std::numeric_limits<int>::max();
  int patience = std::numeric_limits<int>::max();  ///< trials without improvement: stop then
  double target_fraction = 1;                      ///< of the roofline: stop there
  std::uint64_t seed = 1;
  strategy_maker strategy;      ///< proposes candidates
  sequence<std::string> bound;  ///< inputs packed once in bind()
  bool strict_fp = false;
  check_level check = check_level::sample;
  isolation isolate = isolation::process;
  cache_options cache;
  progress_mode progress = progress_mode::silent;
  std::string
      report;        ///< file for the page of the search, or a folder with / at its end; "" = none
  std::string dump;  ///< folder for texts of kernels, with / at its end; "" = none
  const stop_flag* cancel = nullptr;  ///< ends the search when true
  parallel_for_hook hook{};           ///< .run null = default_parallel_for()
  better_kernel_hook on_better{};
};

/// The word of an effort in records and options: "measure", "patient".
constexpr const char* name_of(effort_level effort) {
  switch (effort) {
    case effort_level::estimate: return "estimate";
    case effort_level::measure: return "measure";
    case effort_level::patient: return "patient";
    case effort_level::wisdom_only: return "wisdom_only";
  }
  return "?";
}

/// What the search of a request may take [s].
inline double seconds_of(const tuning_request& request) {
  return request.time_limit * (request.effort == effort_level::patient ? 10 : 1);
}

/// Where a kernel comes from.
enum class kernel_origin : unsigned char { cache, search, estimate, hand_written };

/// The word used in reports: "cache", "search", "estimate", "hand-written".
constexpr const char* name_of(kernel_origin origin) {
  switch (origin) {
    case kernel_origin::cache: return "cache";
    case kernel_origin::search: return "search";
    case kernel_origin::estimate: return "estimate";
    case kernel_origin::hand_written: return "hand-written";
  }
  return "?";
}

/// How a kernel was found.
struct tuning_report {
  trace steps;
  kernel_origin origin = kernel_origin::search;
  std::string checked;        ///< how the answer was checked; empty = not in this process
  double median_seconds = 0;  ///< [s] per call when it was measured, 0 = never
  double best_seconds = 0;    ///< [s] likewise
  double flops = 0;           ///< floating-point operations per call
  double tuning_seconds = 0;  ///< [s] spent here, 0 for cached winners
  int trials = 0;
  std::array<int, failure_count> outcomes{};
  search_progress spent;               ///< of the search: where its time went
  sequence<search_step> improvements;  ///< of the search: its tuning curve
  time_interval median_range;          ///< [s] covers the median in 95 of 100 cases
  std::string stopped;                 ///< why the search ended
  sequence<std::string> notes;  ///< things worth telling: cache unavailable, no isolation, ...

  /// [GFLOP/s] at the median, 0 if not measured.
  double gflops() const { return median_seconds > 0 ? flops / median_seconds * 1e-9 : 0; }
};

/// A kernel and how it was found.
struct tuned : tuning_report {
  native::executable run;
};

/// The pool that kernels of this request run on.
inline parallel_for_hook hook_of(const tuning_request& request) {
  return request.hook.run != nullptr ? request.hook : native::default_parallel_for();
}

}  // namespace lathe
