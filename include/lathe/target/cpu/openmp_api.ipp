/// @file
/// Finds the OpenMP runtime the program already has, by symbol. Declared in openmp_api.hpp.
#pragma once

#include <lathe/target/cpu/openmp_api.hpp>

#include <dlfcn.h>

namespace lathe::native {

namespace detail {

template <class Function>
bool find_in_process(const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
  return function != nullptr;
}

}  // namespace detail

LATHE_INLINE const openmp_api* openmp_api::find() {
  static openmp_api api;
  static const bool found = detail::find_in_process("GOMP_parallel", api.parallel) &&
                            detail::find_in_process("omp_get_thread_num", api.thread_num) &&
                            detail::find_in_process("omp_get_num_threads", api.num_threads) &&
                            detail::find_in_process("omp_in_parallel", api.in_parallel) &&
                            detail::find_in_process("omp_get_max_threads", api.max_threads);
  return found ? &api : nullptr;
}

}  // namespace lathe::native
