/// @file
/// Tries compiled GPU kernels where they can do no harm: in the program `lathe-worker`, which is
/// started again after an error that stays, and killed when a kernel does not end. In: code,
/// launches, what the outputs must be. Out: a measurement, never an exception. The counterpart of
/// worker.hpp, whose forked child cannot use the GPU: the CUDA driver does not survive a fork.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/measure/arguments.hpp>
#include <lathe/measure/cuda_bench.hpp>
#include <lathe/measure/shared_memory.hpp>
#include <lathe/measure/trial_host.hpp>
#include <lathe/target/cuda/cuda_source.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace lathe {

/// Fixed for the life of a worker.
struct cuda_worker_options {
  isolation isolate = isolation::process;
  cuda_timing timing;
};

/// Measures one kernel after the other on one set of arguments. Belongs to one thread at a time,
/// see worker_process.
class cuda_worker final : private trial_host {
 public:
  /// Starts the program, or opens the device here. The arguments must outlive the worker; scalars
  /// keep the values that they have now.
  /// @param arguments  filled
  /// @error LATHE-E507 there is no program lathe-worker: install it, or use isolation::none;
  ///        E508 it does not start, or finds no device; E331, E332, E341 without isolation
  LATHE_INLINE static result<owner<cuda_worker>> create(argument_set& arguments,
                                                        const cuda_worker_options& options = {});

  /// Runs the kernel once on pre-filled outputs and compares them, times it, compares again.
  /// @param code    a cubin, or PTX
  /// @param wanted  one expectation per output to compare, named like the parameter
  LATHE_INLINE measurement measure(const cuda_source& source, std::span<const std::byte> code,
                                   std::span<const expectation> wanted,
                                   const measure_options& options = {});

  using trial_host::starts;

 private:
  LATHE_INLINE cuda_worker(argument_set& arguments, const cuda_worker_options& options,
                           const std::string& program, shared_memory memory);

  LATHE_INLINE void reset_outputs() override;
  LATHE_INLINE std::string fault_in_outputs(std::span<const expectation> wanted) override;
  LATHE_INLINE std::string crash_text() override;
  void serve_job() override { bench_.serve_job(); }

  argument_set& arguments_;
  cuda_worker_options options_;
  shared_memory memory_;
  sequence<std::int64_t> places_;
  cuda_bench bench_;  ///< used without isolation
};

/// Where the program lathe-worker is: $LATHE_WORKER, else beside the running program, else on the
/// path. @error LATHE-E507 nowhere
LATHE_INLINE result<std::string> find_cuda_worker();

/// The program lathe-worker: main() passes its arguments on. @returns only if they are wrong
LATHE_INLINE int cuda_worker_main(int count, const char* const* arguments);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/cuda_worker.ipp>
#endif
