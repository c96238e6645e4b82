/// @file
/// The OpenMP runtime the program already uses, found by symbol while it runs. Called by
/// parallel.ipp. Never decided by the compiler's _OPENMP macro: inline functions would differ
/// between the files of one program.
#pragma once

#include <lathe/config.hpp>

namespace lathe::native {

/// The entry points needed; libgomp and LLVM's libomp both export them.
struct openmp_api {
  void (*parallel)(void (*body)(void*), void* context, unsigned threads, unsigned flags) = nullptr;
  int (*thread_num)() = nullptr;
  int (*num_threads)() = nullptr;
  int (*in_parallel)() = nullptr;
  int (*max_threads)() = nullptr;

  /// The process's runtime, looked up at the first call; null if the program has none.
  static const openmp_api* find();
};

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/openmp_api.ipp>
#endif
