/// @file
/// Mutual exclusion of threads on POSIX. `<mutex>` and `<condition_variable>`, with the clocks they
/// bring, would cost every file that includes lathe.hpp 80 ms.
#pragma once

#include <pthread.h>

namespace lathe::detail {

/// As std::mutex.
class mutex {
 public:
  constexpr mutex() = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() { ::pthread_mutex_lock(&handle_); }
  bool try_lock() { return ::pthread_mutex_trylock(&handle_) == 0; }
  void unlock() { ::pthread_mutex_unlock(&handle_); }

 private:
  friend class condition;
  pthread_mutex_t handle_ = PTHREAD_MUTEX_INITIALIZER;
};

/// Holds a mutex from here to the end of the block.
class lock_guard {
 public:
  explicit lock_guard(mutex& held) : held_(held) { held_.lock(); }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;
  ~lock_guard() { held_.unlock(); }

 private:
  mutex& held_;
};

/// As std::condition_variable, for a mutex that the caller holds.
class condition {
 public:
  constexpr condition() = default;
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;

  void notify_one() { ::pthread_cond_signal(&handle_); }
  void notify_all() { ::pthread_cond_broadcast(&handle_); }
  /// Returns when `is_true()`, which is called with the mutex held; the mutex is free meanwhile.
  template <class Predicate>
  void wait(mutex& held, const Predicate& is_true) {
    while (!is_true()) ::pthread_cond_wait(&handle_, &held.handle_);
  }

 private:
  pthread_cond_t handle_ = PTHREAD_COND_INITIALIZER;
};

}  // namespace lathe::detail
