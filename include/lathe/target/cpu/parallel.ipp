/// @file
/// Runs task ranges on OpenMP, the user's hook or sleeping threads. Declared in parallel.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/atomic.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/openmp_api.hpp>
#include <lathe/target/cpu/parallel.hpp>

#include <pthread.h>

namespace lathe::native {

namespace detail {

/// True on a thread that is executing a parallel body: a nested call runs serially.
LATHE_INLINE bool& inside_parallel_body() {
  thread_local bool inside = false;
  return inside;
}

/// One call of a hook, shared by its workers.
struct parallel_job {
  std::int64_t tasks;
  std::int64_t grain;
  parallel_body body;
  void* context;
  lathe::detail::atomic<std::int64_t> next{};  ///< first task not yet handed out (grain > 0)
};

/// Worker `worker` of `workers` does its share of the job.
LATHE_INLINE void work_on(parallel_job& job, int worker, int workers) {
  bool& inside = inside_parallel_body();
  const bool was_inside = inside;
  inside = true;
  if (job.grain <= 0) {
    const std::int64_t share = job.tasks / workers;
    const std::int64_t rest = job.tasks % workers;
    const std::int64_t begin = worker * share + smaller<std::int64_t>(worker, rest);
    const std::int64_t end = begin + share + (worker < rest ? 1 : 0);
    if (begin < end) job.body(job.context, begin, end, worker);
  } else {
    for (;;) {
      const std::int64_t begin = job.next.fetch_add(job.grain);
      if (begin >= job.tasks) break;
      job.body(job.context, begin, smaller(begin + job.grain, job.tasks), worker);
    }
  }
  inside = was_inside;
}

/// Workers worth starting: never more than there are ranges to hand out.
LATHE_INLINE int useful_workers(std::int64_t tasks, std::int64_t grain, int threads) {
  const std::int64_t ranges = grain > 0 ? (tasks + grain - 1) / grain : tasks;
  return static_cast<int>(smaller<std::int64_t>(ranges, threads));
}

/// Threads that sleep until a job is posted. Worker 0 is the caller.
class thread_pool {
 public:
  thread_pool() = default;
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;

  ~thread_pool() {
    {
      const lathe::detail::lock_guard lock(guard_);
      stopping_ = true;
    }
    posted_.notify_all();
    for (const pthread_t thread : threads_) ::pthread_join(thread, nullptr);
  }

  /// Runs the job with at most `workers` workers; false if another call is using the pool.
  bool run(parallel_job& job, int workers) {
    if (!in_use_.try_lock()) return false;
    workers = smaller(workers, start_threads(workers - 1) + 1);
    {
      const lathe::detail::lock_guard lock(guard_);
      job_ = &job;
      workers_ = workers;
      unfinished_ = workers - 1;
      ++generation_;
    }
    posted_.notify_all();
    work_on(job, 0, workers);
    {
      const lathe::detail::lock_guard lock(guard_);
      // Handed-out ranges: nothing is left, so whoever still sleeps need not join.
      if (job.grain > 0) {
        unfinished_ = active_;
        job_ = nullptr;
      }
      done_.wait(guard_, [this] { return unfinished_ == 0; });
      job_ = nullptr;
    }
    in_use_.unlock();
    return true;
  }

 private:
  /// Makes `wanted` threads exist; returns how many do (the system may refuse).
  int start_threads(int wanted) {
    while (static_cast<int>(threads_.size()) < wanted) {
      pthread_t thread{};
      const auto body = [](void* self) -> void* {
        static_cast<thread_pool*>(self)->serve();
        return nullptr;
      };
      // Refused: no more threads are allowed, so the job runs with those there are.
      if (::pthread_create(&thread, nullptr, body, this) != 0) break;
      threads_.push_back(thread);
    }
    return smaller(wanted, static_cast<int>(threads_.size()));
  }

  void serve() {
    std::uint64_t seen = 0;
    const lathe::detail::lock_guard lock(guard_);
    const int worker = ++serving_;
    for (;;) {
      posted_.wait(guard_, [&] {
        return stopping_ || (generation_ != seen && job_ != nullptr && worker < workers_);
      });
      if (stopping_) return;
      seen = generation_;
      parallel_job& job = *job_;
      const int workers = workers_;
      ++active_;
      guard_.unlock();
      work_on(job, worker, workers);
      guard_.lock();
      --active_;
      if (--unfinished_ == 0) done_.notify_one();
    }
  }

  lathe::detail::mutex in_use_;  ///< held by the one call that owns the pool
  lathe::detail::mutex guard_;   ///< protects everything below
  lathe::detail::condition posted_, done_;
  parallel_job* job_ = nullptr;
  int workers_ = 0;
  int unfinished_ = 0;  ///< workers the caller waits for
  int active_ = 0;      ///< workers inside work_on
  std::uint64_t generation_ = 0;
  bool stopping_ = false;
  int serving_ = 0;  ///< threads that have begun; each takes the next number
  sequence<pthread_t> threads_;
};

/// The process's pool; null until needed. Constant-initialised: a fork handler must not wait for
/// another thread's initialisation.
LATHE_INLINE lathe::detail::atomic<thread_pool*>& process_pool() {
  static constinit lathe::detail::atomic<thread_pool*> pool;
  return pool;
}

/// True in a child that was forked after watch_forks().
LATHE_INLINE lathe::detail::atomic<bool>& in_forked_child() {
  static constinit lathe::detail::atomic<bool> forked;
  return forked;
}

/// From here on a forked child forgets its parent's pool, whose threads do not exist there.
LATHE_INLINE void watch_forks() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] {
    process_pool().store(nullptr);  // leaked: its locks may be held by threads that are gone
    in_forked_child().store(true);
    inside_parallel_body() = false;
  });
  (void)registered;
}

/// The process's pool, created at the first call and joined when the process exits.
LATHE_INLINE thread_pool& shared_pool() {
  thread_pool* existing = process_pool().load();
  if (existing != nullptr) return *existing;
  struct closer {
    ~closer() { delete process_pool().exchange(nullptr); }
  };
  static const closer at_exit;
  (void)at_exit;
  auto* created = new thread_pool;
  if (process_pool().compare_exchange(existing, created)) return *created;
  delete created;
  return *existing;
}

LATHE_INLINE void run_serially(void*, std::int64_t tasks, std::int64_t, int, parallel_body body,
                               void* context) {
  if (tasks > 0) body(context, 0, tasks, 0);
}

LATHE_INLINE void run_in_pool(void* self, std::int64_t tasks, std::int64_t grain, int threads,
                              parallel_body body, void* context) {
  const int workers = useful_workers(tasks, grain, threads);
  if (workers > 1 && !inside_parallel_body()) {
    parallel_job job{tasks, grain, body, context};
    if (shared_pool().run(job, workers)) return;
  }
  run_serially(self, tasks, grain, threads, body, context);
}

LATHE_INLINE void run_in_openmp(void* self, std::int64_t tasks, std::int64_t grain, int threads,
                                parallel_body body, void* context) {
  const openmp_api& omp = *openmp_api::find();
  const int workers = useful_workers(tasks, grain, threads);
  if (workers <= 1 || inside_parallel_body() || omp.in_parallel() != 0)
    return run_serially(self, tasks, grain, threads, body, context);
  struct region {
    parallel_job job;
    const openmp_api& omp;
  } shared{{tasks, grain, body, context}, omp};
  omp.parallel(
      [](void* at) {
        auto& r = *static_cast<region*>(at);
        // The runtime may grant fewer threads than were asked for.
        work_on(r.job, r.omp.thread_num(), r.omp.num_threads());
      },
      &shared, static_cast<unsigned>(workers), 0);
}

LATHE_INLINE void run_by_default(void* self, std::int64_t tasks, std::int64_t grain, int threads,
                                 parallel_body body, void* context) {
  if (openmp_api::find() != nullptr && !in_forked_child().load())
    run_in_openmp(self, tasks, grain, threads, body, context);
  else
    run_in_pool(self, tasks, grain, threads, body, context);
}

}  // namespace detail

LATHE_INLINE parallel_for_hook serial_parallel_for() { return {detail::run_serially, nullptr}; }

LATHE_INLINE parallel_for_hook pool_parallel_for() {
  detail::watch_forks();
  return {detail::run_in_pool, nullptr};
}

LATHE_INLINE parallel_for_hook openmp_parallel_for() {
  if (openmp_api::find() == nullptr) return {};
  return {detail::run_in_openmp, nullptr};
}

LATHE_INLINE parallel_for_hook default_parallel_for() {
  detail::watch_forks();
  return {detail::run_by_default, nullptr};
}

LATHE_INLINE int default_threads() {
  if (const openmp_api* omp = openmp_api::find()) return larger(1, omp->max_threads());
  static const int cpus = allowed_cpus();
  return cpus;
}

}  // namespace lathe::native
