/// @file
/// Keeps forks and LLVM apart. A forked child has the locks that other threads held at that moment,
/// and nobody who releases them: if one of those threads was inside LLVM, the child waits for ever
/// at its own first call. So a fork waits until no thread is inside, and who wants to go in waits
/// for a fork to be done.
#pragma once

#include <lathe/config.hpp>

namespace lathe::native::detail {

/// While it lives, this process does not fork. May be nested.
class inside_llvm {
 public:
  LATHE_INLINE inside_llvm();
  inside_llvm(const inside_llvm&) = delete;
  inside_llvm& operator=(const inside_llvm&) = delete;
  LATHE_INLINE ~inside_llvm();
};

}  // namespace lathe::native::detail

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/fork_guard.ipp>
#endif
