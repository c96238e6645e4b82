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
#include <lathe/measure/record.hpp>
#include <lathe/measure/trial.hpp>
#include <lathe/measure/trial_host.hpp>
#include <lathe/target/cpu/jit.hpp>
#include <lathe/target/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace lathe {

/// Fixed for the life of a worker.
struct worker_options {
  isolation isolate = isolation::process;
  int threads = 1;                                    ///< most threads of a parallel phase
  std::int64_t memory_bytes = std::int64_t{8} << 30;  ///< address space kernels may add
};

/// Measures one kernel after the other on one set of arguments. Belongs to one thread at a time,
/// see worker_process.
class worker final : private trial_host {
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

  using trial_host::starts;

 private:
  LATHE_INLINE worker(const native::jit& compiler, argument_set& arguments,
                      const worker_options& options);

  // In the host.
  void reset_outputs() override { arguments_.reset_outputs(); }
  LATHE_INLINE std::string fault_in_outputs(std::span<const expectation> wanted) override;
  LATHE_INLINE std::string crash_text() override;

  // In the child, or in the host without isolation.
  LATHE_INLINE void serve_start();
  LATHE_INLINE void serve_job() override;

  native::jit compiler_;
  argument_set& arguments_;
  worker_options options_;
  parallel_for_hook hook_;
  sequence<plan_buffer> buffers_;  ///< of the kernel being measured
  std::optional<kernel_trial> trial_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/worker.ipp>
#endif
