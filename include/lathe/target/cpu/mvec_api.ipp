/// @file
/// Opens glibc's vector math library and looks its functions up. Declared in mvec_api.hpp.
#pragma once

#include <lathe/target/cpu/mvec_api.hpp>

#include <dlfcn.h>

namespace lathe::native {

LATHE_INLINE void* mvec_symbol(const char* name) {
  static void* const library = ::dlopen("libmvec.so.1", RTLD_LAZY | RTLD_LOCAL);
  return library == nullptr ? nullptr : ::dlsym(library, name);
}

LATHE_INLINE vector_math mvec_version() {
  if (mvec_symbol("_ZGVbN4v_expf") == nullptr) return vector_math::none;
  return mvec_symbol("_ZGVbN4v_tanhf") != nullptr ? vector_math::glibc_2_35
                                                  : vector_math::glibc_2_22;
}

}  // namespace lathe::native
