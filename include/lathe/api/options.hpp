/// @file
/// What users may choose about a tuning, in code or in the environment. In: tune_options and the
/// LATHE_* variables. Out: the tuning_request that session.hpp works on. Called by tune().
///
/// Code beats environment beats default. The twins:
///
///     LATHE_EFFORT=estimate|measure|patient|wisdom_only   LATHE_CHECK=off|sample|all
///     LATHE_TIME_LIMIT=<seconds>                          LATHE_ISOLATE=auto|process|none
///     LATHE_TRIALS=<number>                               LATHE_CACHE_MODE=rw|ro|off
///     LATHE_NUM_THREADS=<number>                          LATHE_CACHE_DIR=<folder>
///     LATHE_SEED=<number>                                 LATHE_WISDOM_PATH=<file>:<folder>:...
///     LATHE_LOG=auto|updated|plain|silent
///     LATHE_TARGET=sse2|avx2|avx512 and LATHE_LIBLLVM=<file> are read by the CPU target;
///     LATHE_CUDA_DRIVER=<file>, LATHE_NVRTC=<file> and LATHE_WORKER=<file> by the GPU's.
#pragma once

#include <lathe/api/session.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/stop_flag.hpp>
#include <lathe/search/strategy_maker.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lathe {

/// Choices for tune() and compile(); what is not set is taken from the environment, then from the
/// defaults named here: `tune(op, cpu(), {.time_limit = 10, .bound = {"W"}})`.
///
/// A search that was killed goes on where it was: the same call finds its trials in the cache.
///
/// A cached winner is used whatever the limits, with two exceptions, if the cache can be written:
/// it was searched for clearly less than is asked for now, or by a lathe whose search space for
/// this operator was another one (once; not if time_limit is 0). Then a new search starts from it.
/// Clearly less: its effort was `measure` and now it is `patient`; or its search ran out of time
/// (or was cancelled), and the time limit is now more than four times what it took; or it ran out
/// of trials, and `trials` is now set to more than four times that number.
struct tune_options {
  std::optional<effort_level> effort{};  ///< measure
  /// [s] of search, >= 0; 60. Finding the right answer (up to half of it) and the final comparison
  /// count; the candidate being tried when it ends may overrun it.
  std::optional<double> time_limit{};
  std::optional<int> trials{};    ///< candidates, >= 1; no limit
  std::optional<int> patience{};  ///< trials without improvement, >= 1: then stop; no limit
  std::optional<double> target_fraction{};  ///< of the roofline: stop there, in (0, 1]; 1
  std::optional<int> threads{};             ///< of kernels, 1 to 4096; the CPUs allowed
  std::optional<std::uint64_t> seed{};      ///< of the search; 1
  /// "evolve" or "random"; with <lathe/lab.hpp>, lab_strategy() of any name it lists; evolve
  std::optional<strategy_maker> strategy{};
  sequence<std::string> bound{};            ///< inputs that stay the same over many calls; none
  std::optional<bool> strict_fp{};          ///< no fused multiply-add; false
  std::optional<check_level> check{};       ///< sample
  std::optional<isolation> isolate{};       ///< of candidates; process
  std::optional<cache_mode> cache{};        ///< rw
  std::string cache_dir{};                  ///< $XDG_CACHE_HOME/lathe
  sequence<std::string> wisdom_path{};      ///< files and folders of winners, read only; none
  std::optional<progress_mode> progress{};  ///< automatic
  /// File for a page about the search: tuning curves, decisions, failures; with a / at its end, a
  /// folder that gets one per search. A stored winner that is used without a search writes none.
  /// None
  std::string report{};
  /// Folder that gets a text per kernel: operator, schedule, loop nest, generated code. None
  std::string dump{};
  const stop_flag* cancel{};  ///< ends the search with the best so far when true; none
};

/// Names and values of the LATHE_* variables.
using environment = sequence<std::pair<std::string, std::string>>;

/// The LATHE_* variables of this process; none in set-uid and other AT_SECURE processes.
LATHE_INLINE environment read_environment();

/// Combines code, environment and defaults. Variables that `options` overrides are not looked at;
/// LATHE_CACHE_DIR and LATHE_WISDOM_PATH are left to the cache.
/// @error LATHE-E110 a variable has a bad value, LATHE-E111 a member of `options` has
LATHE_INLINE result<tuning_request> resolve(const tune_options& options, const cpu_target& target,
                                            const environment& variables);

/// One line per variable that lathe does not know: "[LATHE-E112] ... did you mean ...?".
LATHE_INLINE sequence<std::string> unknown_variables(const environment& variables);

/// Prints unknown_variables() to stderr, once per process.
LATHE_INLINE void report_unknown_variables(const environment& variables);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/options.ipp>
#endif
