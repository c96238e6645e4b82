/// @file
/// One tuning from description to winner: what tune() does behind its types. In: a description and
/// resolved options. Out: a runnable kernel and how it was found.
///
///     key ─▶ cache? ─▶ reference answer ─▶ search ─▶ finalists compared ─▶ stored ─▶ kernel
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/measure/worker.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/search/budget.hpp>
#include <lathe/search/progress.hpp>
#include <lathe/store/cache.hpp>
#include <lathe/target/cpu/executable.hpp>

#include <array>
#include <atomic>
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

/// Which search strategy proposes candidates.
enum class strategy_kind : unsigned char { evolve, random };

/// How much of a candidate's output is compared before its time counts.
enum class check_level : unsigned char {
  off,     ///< nothing: only for replaying what was checked
  sample,  ///< all elements, against a kernel that was proven at sampled elements
  all      ///< all elements, against the interpreter's value of every element
};

/// Everything a tuning needs to know, resolved (see api/options.hpp for what users set).
struct tuning_request {
  cpu_target target;
  int threads = 1;
  effort_level effort = effort_level::measure;
  double time_limit = 60;  ///< [s] of search, see tune_options; ten times that if patient
  int trials = std::numeric_limits<int>::max();
  double target_fraction = 1;  ///< of the roofline: stop there
  std::uint64_t seed = 1;
  strategy_kind strategy = strategy_kind::evolve;
  sequence<std::string> bound;  ///< inputs packed once in bind()
  bool strict_fp = false;
  check_level check = check_level::sample;
  isolation isolate = isolation::process;
  cache_options cache;
  progress_mode progress = progress_mode::silent;
  const std::atomic<bool>* cancel = nullptr;  ///< ends the search when true
  parallel_for_hook hook{};                   ///< .run null = default_parallel_for()
};

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

/// A kernel and how it was found.
struct tuned {
  native::executable run;
  trace steps;
  kernel_origin origin = kernel_origin::search;
  std::string checked;        ///< how the answer was checked; empty = not in this process
  double median_seconds = 0;  ///< [s] per call when it was measured, 0 = never
  double best_seconds = 0;    ///< [s] likewise
  double flops = 0;           ///< floating-point operations per call
  double tuning_seconds = 0;  ///< [s] spent here, 0 for cached winners
  int trials = 0;
  std::array<int, failure_count> outcomes{};
  std::string stopped;          ///< why the search ended
  sequence<std::string> notes;  ///< things worth telling: cache unavailable, no isolation, ...

  /// [GFLOP/s] at the median, 0 if not measured.
  double gflops() const { return median_seconds > 0 ? flops / median_seconds * 1e-9 : 0; }
};

/// The key under which winners of this request are stored.
LATHE_INLINE cache_key key_of(const desc_view& desc, const tuning_request& request);

/// Tunes. @error LATHE-E3xx no code generator; E505 no candidate worked; E506 wisdom_only without a
///         winner; E510, E511 the reference answer cannot be made
LATHE_INLINE result<tuned> tune_description(const desc_view& desc, const tuning_request& request);

/// Compiles one given schedule. @error LATHE-E2xx illegal trace, E3xx
LATHE_INLINE result<tuned> compile_description(const desc_view& desc, const trace& steps,
                                               const tuning_request& request);

/// The analytic schedule of a description.
LATHE_INLINE trace estimated_trace(const desc_view& desc, const tuning_request& request);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/session.ipp>
#endif
