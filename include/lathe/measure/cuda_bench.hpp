/// @file
/// The device's side of trying GPU kernels: loads, runs and times the kernel on the desk. In:
/// shared memory with a desk and the arguments, filled by the host. Out: outputs in the same
/// memory, times, or why there are none. Called by the program lathe-worker or, without isolation,
/// in the host.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/measure/desk.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/target/cuda/context.hpp>
#include <lathe/target/cuda/cuda_source.hpp>
#include <lathe/target/cuda/executable.hpp>
#include <lathe/target/cuda/stopwatch.hpp>
#include <lathe/target/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace lathe {

/// What calls find in the device's cache when they are timed.
struct cuda_timing {
  gpu::l2_state cache = gpu::l2_state::warm;
  int sets = 1;  ///< of arguments, used in turn: with several, operands come from memory, too
};

/// Runs jobs on the device of this process, one after the other.
class cuda_bench {
 public:
  /// @param memory  bytes_for() the kernels' parameters; outlives the bench
  explicit cuda_bench(std::byte* memory) : desk_(memory), memory_(memory) {}

  /// Finds the device. Must have worked before a job is served.
  /// @error LATHE-E331, E332, E341 no usable driver or device
  LATHE_INLINE result<bool> open();
  /// Does the job on the desk.
  LATHE_INLINE void serve_job();
  /// True after an error that stays: only another process can go on.
  bool is_lost() const { return lost_; }

  /// Where the parameters lie in the memory: one offset each, and the size of all at the end.
  LATHE_INLINE static sequence<std::int64_t> places_of(std::span<const plan_buffer> parameters);

 private:
  /// Memory on the device between two guards that hold a pattern.
  struct guarded {
    gpu::device_memory memory;
    gpu::driver::address address = 0;
    std::int64_t bytes = 0;
  };
  /// A loaded kernel, bound where it needs that, and what it runs on.
  struct trial {
    gpu::executable run;
    guarded workspace;
    sequence<gpu::executable> bound;  ///< per set of arguments
    std::size_t next_set = 0;
    std::optional<error> failed;
  };

  LATHE_INLINE result<bool> check();
  LATHE_INLINE result<bool> time();
  LATHE_INLINE result<guarded> allocate(std::int64_t bytes) const;
  LATHE_INLINE result<bool> guard(const guarded& each) const;
  LATHE_INLINE result<bool> is_intact(const guarded& each) const;
  LATHE_INLINE result<bool> prepare_arguments(const sequence<plan_buffer>& buffers);
  LATHE_INLINE result<bool> make_sets(int count);
  LATHE_INLINE result<bool> fetch_outputs();
  LATHE_INLINE sequence<void*> addresses(std::size_t set) const;
  LATHE_INLINE result<bool> call(std::size_t set);
  LATHE_INLINE void reply(const error& failed);

  desk desk_;
  std::byte* memory_;
  std::optional<gpu::context> here_;
  sequence<plan_buffer> parameters_;
  sequence<std::int64_t> places_;
  sequence<sequence<guarded>> sets_;  ///< per set: memory of every parameter that is no scalar
  bool inputs_sent_ = false;
  cuda_timing how_;
  std::optional<trial> trial_;
  bool lost_ = false;
};

namespace detail {

/// What travels with the code: launches, buffers and how to time.
LATHE_INLINE sequence<std::byte> job_to_bytes(const cuda_source& source, const cuda_timing& how);
LATHE_INLINE cuda_source job_from_bytes(const std::byte* bytes, cuda_timing& how);

}  // namespace detail
}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/cuda_bench.ipp>
#endif
