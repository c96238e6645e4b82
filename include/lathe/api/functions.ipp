/// @file
/// Bodies of functions.hpp.
#pragma once

#include <lathe/api/functions.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/core/sequence.hpp>

#include <dlfcn.h>

namespace lathe::detail {

/// A function given to define_function().
struct defined_function {
  std::string name;
  void* address;
};

/// All of them.
struct function_table {
  lathe::detail::mutex guard;
  sequence<defined_function> entries;

  /// Address of a name, null if it is unknown. @pre guard is locked
  void* find(const std::string& name) const {
    for (const defined_function& each : entries)
      if (each.name == name) return each.address;
    return nullptr;
  }
};

LATHE_INLINE function_table& known_functions() {
  static function_table table;
  return table;
}

/// True for names that C and the generated code can spell.
LATHE_INLINE bool is_identifier(const std::string& name) {
  for (const char each : name) {
    const bool letter = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || each == '_';
    if (!letter && (each < '0' || each > '9')) return false;
  }
  return !name.empty() && (name[0] < '0' || name[0] > '9');
}

LATHE_INLINE void define_address(const std::string& name, void* address) {
  if (!is_identifier(name) || address == nullptr)
    fail("LATHE-E109",
         "define_function(\"" + name + "\", ...): " +
             (address == nullptr ? "the function is null; pass the address of one"
                                 : "not an identifier; use the name of a C function"));
  function_table& table = known_functions();
  const lathe::detail::lock_guard lock(table.guard);
  void* const known = table.find(name);
  if (known == address) return;
  if (known != nullptr)
    fail("LATHE-E109", "define_function(\"" + name +
                           "\", ...): the name already means another function, which kernels may "
                           "be using; choose another name");
  table.entries.push_back({name, address});
}

LATHE_INLINE result<void*> find_function(const char* name) {
  function_table& table = known_functions();
  {
    const lathe::detail::lock_guard lock(table.guard);
    if (void* const known = table.find(name); known != nullptr) return known;
  }
  if (is_identifier(name))
    if (void* const found = dlsym(RTLD_DEFAULT, name); found != nullptr) return found;
  return error("LATHE-E108",
               std::string("call<\"") + name +
                   "\">: no function of this name in the program or its libraries; make it known "
                   "with lathe::define_function(\"" +
                   name + "\", &function), or declare it extern \"C\" and link with -rdynamic");
}

}  // namespace lathe::detail
