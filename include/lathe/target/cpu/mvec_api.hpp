/// @file
/// Asks the C library's vector math library (glibc's libmvec) what it offers. Called by host.ipp
/// and by the tests; the jit resolves the functions themselves by name.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/target.hpp>

namespace lathe::native {

/// Which generation of libmvec this machine has; `none` if it cannot be opened.
vector_math mvec_version();

/// Address of a libmvec function, e.g. "_ZGVdN8v_expf"; null if it does not exist.
void* mvec_symbol(const char* name);

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/mvec_api.ipp>
#endif
