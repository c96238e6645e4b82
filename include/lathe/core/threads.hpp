/// @file
/// The same work on several threads at once, for work that shares itself out (a counter that says
/// what comes next); and work on one other thread. `<thread>` would cost every file that includes
/// lathe.hpp 60 ms.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <pthread.h>
#include <semaphore.h>

namespace lathe::detail {

/// Calls `work()` on `count` threads, the calling one among them, and returns when all calls have.
/// Fewer where the system allows no more threads: the work must get done by any number of them.
template <class Work>
LATHE_COLD void run_on_threads(std::size_t count, Work& work) {
  const auto body = [](void* self) -> void* {
    (*static_cast<Work*>(self))();
    return nullptr;
  };
  sequence<pthread_t> others;
  for (std::size_t at = 1; at < count; ++at) {
    pthread_t thread{};
    if (::pthread_create(&thread, nullptr, body, &work) != 0) break;
    others.push_back(thread);
  }
  work();
  for (const pthread_t thread : others) ::pthread_join(thread, nullptr);
}

/// Calls `work()` on a thread of its own; its end is waited for at the end of this object.
template <class Work>
class background {
 public:
  /// Calls it here and now where the system allows no further thread.
  LATHE_COLD explicit background(Work& work) {
    const auto body = [](void* self) -> void* {
      (*static_cast<Work*>(self))();
      return nullptr;
    };
    is_running_ = ::pthread_create(&thread_, nullptr, body, &work) == 0;
    if (!is_running_) work();
  }
  background(const background&) = delete;
  background& operator=(const background&) = delete;
  ~background() {
    if (is_running_) ::pthread_join(thread_, nullptr);
  }

 private:
  pthread_t thread_{};
  bool is_running_ = false;
};

/// How many things are there that another thread has made ready.
class semaphore {
 public:
  semaphore() { ::sem_init(&count_, 0, 0); }
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;
  ~semaphore() { ::sem_destroy(&count_); }

  void post() { ::sem_post(&count_); }
  /// Waits for one post() and takes it.
  void wait() {
    while (::sem_wait(&count_) != 0) {  // a signal came between
    }
  }

 private:
  sem_t count_{};
};

}  // namespace lathe::detail
