/// @file
/// The one way in which kernels run in parallel: a `parallel_for_hook`. In: a range of tasks and a
/// body. Out: the body has run on all of them. Called by run.ipp; users may supply their own hook
/// (TBB, Kokkos, a job system).
///
/// None of the hooks here spins: an idle worker sleeps, so that timings of other threads stay
/// clean.
#pragma once

#include <lathe/config.hpp>

#include <cstdint>

namespace lathe {

/// Executes tasks [begin, end); `worker` says which private scratch to use.
using parallel_body = void (*)(void* context, std::int64_t begin, std::int64_t end, int worker);

/// How to run a body over tasks in parallel. Plain data: copy it freely.
struct parallel_for_hook {
  /// Calls `body` on disjoint ranges that together are [0, tasks), and returns when all are done.
  /// @param self     the member below
  /// @param grain    0: one contiguous range per worker (same range, same worker on every call);
  ///                 n > 0: ranges of about n tasks, handed out as workers become free. A hint.
  /// @param threads  at most this many workers; every `worker` passed to the body is in
  ///                 [0, threads) and is in use by one thread at a time
  void (*run)(void* self, std::int64_t tasks, std::int64_t grain, int threads, parallel_body body,
              void* context) = nullptr;
  void* self = nullptr;
};

namespace native {

/// Runs everything on the calling thread.
parallel_for_hook serial_parallel_for();

/// A process-wide pool of sleeping threads, started when first needed. A forked child starts its
/// own. Calls from inside a parallel body, or while another call uses the pool, run serially.
/// Costs 2 to 50 us per call, depending on how fast the system wakes threads.
parallel_for_hook pool_parallel_for();

/// The OpenMP runtime that is part of the program, so that its threads, affinity and wait policy
/// apply. `run` is null if the program has none. Unsafe in a forked child (libgomp hangs there).
parallel_for_hook openmp_parallel_for();

/// The default: the program's OpenMP runtime if there is one, else the pool; always the pool in a
/// forked child (recognised if this function was called before the fork).
parallel_for_hook default_parallel_for();

/// Threads to use where the user did not say: OpenMP's maximum if the program has OpenMP, else the
/// CPUs this process may use.
int default_threads();

}  // namespace native
}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/parallel.ipp>
#endif
