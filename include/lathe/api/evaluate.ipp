/// @file
/// Body of evaluate.hpp: external functions by name.
#pragma once

#include <lathe/api/evaluate.hpp>

#include <dlfcn.h>
#include <string>

namespace lathe::detail {

LATHE_INLINE void* find_external_function(const char* name) {
  void* const found = dlsym(RTLD_DEFAULT, name);
  if (found == nullptr) {
    fail("LATHE-E108", std::string("call<\"") + name +
                           "\">: no function of this name in the program or its libraries; declare "
                           "it extern \"C\" and link the program with -rdynamic");
  }
  return found;
}

}  // namespace lathe::detail
