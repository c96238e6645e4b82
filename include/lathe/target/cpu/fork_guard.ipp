/// @file
/// Bodies of fork_guard.hpp.
#pragma once

#include <lathe/target/cpu/fork_guard.hpp>

#include <pthread.h>

namespace lathe::native::detail {

/// Shared by threads inside LLVM, held alone during a fork. Forks go first: searches compile all
/// the time.
LATHE_INLINE pthread_rwlock_t& fork_lock() {
  static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
  return lock;
}

/// How often this thread is inside.
LATHE_INLINE int& times_inside() {
  thread_local int times = 0;
  return times;
}

/// What the system calls around every fork.
LATHE_INLINE void guard_forks() {
  const auto before = [] {
    if (times_inside() == 0) ::pthread_rwlock_wrlock(&fork_lock());
  };
  const auto parent = [] {
    if (times_inside() == 0) ::pthread_rwlock_unlock(&fork_lock());
  };
  // Another thread id than that of who locked it: unlocking would be an error.
  const auto child = [] { fork_lock() = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP; };
  ::pthread_atfork(before, parent, child);
}

LATHE_INLINE inside_llvm::inside_llvm() {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ::pthread_once(&once, &guard_forks);
  if (times_inside()++ == 0) ::pthread_rwlock_rdlock(&fork_lock());
}

LATHE_INLINE inside_llvm::~inside_llvm() {
  if (--times_inside() == 0) ::pthread_rwlock_unlock(&fork_lock());
}

}  // namespace lathe::native::detail
