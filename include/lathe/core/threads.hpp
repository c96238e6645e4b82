/// @file
/// The same work on several threads at once, for work that shares itself out (a counter that says
/// what comes next). <thread> would cost every file that includes lathe.hpp 60 ms.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <pthread.h>

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

}  // namespace lathe::detail
