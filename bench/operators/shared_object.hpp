/// @file
/// A library that is opened at run time, and its functions.
#pragma once

#include <dlfcn.h>
#include <string>

namespace bench {

/// An opened shared object; stays open until the process ends.
class shared_object {
 public:
  /// @param file  "libopenblas.so.0"
  /// @param flags  of dlopen. By default the library's own symbols come first in it, so that no
  ///               other library's cblas_sgemm takes their place.
  explicit shared_object(const char* file, int flags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)
      : handle_(::dlopen(file, flags)) {
    if (handle_ == nullptr) problem_ = ::dlerror();
  }
  bool opened() const { return handle_ != nullptr; }
  const std::string& problem() const { return problem_; }
  /// Null if there is no such function.
  template <class Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(::dlsym(handle_, name));
  }

 private:
  void* handle_;
  std::string problem_;
};

}  // namespace bench
