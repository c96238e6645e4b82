/// @file
/// Tries compiled kernels where they can do no harm: links, runs, checks and times them in a child
/// process. In: object bytes, plan, what the outputs must be. Out: a measurement, never an
/// exception. Called by the evaluator of a tuning run.
///
///     host: fill outputs ─ ask ─────────────────── compare ─ ask ─────── compare again
///     child:                 link ─ run once ─ reply           time ─ reply
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/measure/arguments.hpp>
#include <lathe/measure/compare.hpp>
#include <lathe/measure/desk.hpp>
#include <lathe/measure/process.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/measure/trial.hpp>
#include <lathe/target/cpu/jit.hpp>
#include <lathe/target/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

namespace lathe {

/// Where kernels under test run.
enum class isolation : unsigned char {
  process,  ///< in a child process: crashes and endless loops become records
  none      ///< in this process: only for kernels that are known to be good
};

/// Fixed for the life of a worker.
struct worker_options {
  isolation isolate = isolation::process;
  int threads = 1;                                    ///< most threads of a parallel phase
  std::int64_t memory_bytes = std::int64_t{8} << 30;  ///< address space kernels may add
};

/// How one kernel is measured.
struct measure_options {
  timing_options timing;
  double time_limit = 5;     ///< [s] for linking and the first run; timing may take as long again
  /// [s] the same for kernels that only matter if they are fast: later ones are `slow`, not `timeout`
  double slow_limit = std::numeric_limits<double>::infinity();
  double floor_seconds = 0;  ///< no correct kernel is faster: operations over peak, 5 % off
};

/// Measures one kernel after the other on one set of arguments. Belongs to one thread at a time,
/// see worker_process.
class worker {
 public:
  /// Starts the child. Create it before other threads use `compiler`; the arguments must outlive
  /// it.
  /// @param arguments  filled and sealed
  /// @error LATHE-E503 if the system allows no child process: use isolation::none
  LATHE_INLINE static result<owner<worker>> create(const native::jit& compiler,
                                                             argument_set& arguments,
                                                             const worker_options& options = {});
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  /// Runs the kernel once on pre-filled outputs and compares them, times it, compares again. A
  /// child that served other kernels before gets no say in a crash: it is repeated in a fresh one.
  /// @param wanted  one expectation per output to compare, named like the parameter
  LATHE_INLINE measurement measure(const kernel_plan& plan, std::span<const std::byte> object,
                                   std::span<const expectation> wanted,
                                   const measure_options& options = {});

  /// Child processes started so far; 0 without isolation.
  int starts() const { return process_.starts(); }

 private:
  LATHE_INLINE worker(const native::jit& compiler, argument_set& arguments,
                      const worker_options& options);

  // In the host.
  LATHE_INLINE measurement attempt(const kernel_plan& plan, std::span<const expectation> wanted,
                                   const measure_options& options);
  LATHE_INLINE std::optional<measurement> perform(desk_job job, const measure_options& options,
                                                  const kernel_plan& plan);
  LATHE_INLINE std::string fault_in_outputs(std::span<const expectation> wanted) const;
  LATHE_INLINE std::string crash_text(const kernel_plan& plan) const;

  // In the child, or in the host without isolation.
  LATHE_INLINE void serve_start();
  LATHE_INLINE void serve_job();

  native::jit compiler_;
  argument_set& arguments_;
  worker_options options_;
  parallel_for_hook hook_;
  desk desk_;
  worker_process process_;
  int kernels_on_child_ = 0;
  std::optional<kernel_trial> trial_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/worker.ipp>
#endif
