/// @file
/// Opens libLLVM and fills the table of functions. Declared in llvm_api.hpp.
#pragma once

#include <lathe/core/atomic.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/target/cpu/llvm_api.hpp>

#include <cstdlib>
#include <dlfcn.h>

namespace lathe::native {

namespace detail {

LATHE_INLINE lathe::detail::atomic<bool>& llvm_is_gone() {
  static lathe::detail::atomic<bool> flag;
  return flag;
}

/// "" if every function was found, else the name of the first that is missing.
LATHE_INLINE std::string fill_llvm_api(void* library, llvm_api& api) {
#define LATHE_LLVM_FILL(name, result_type, parameters)                                    \
  api.name = reinterpret_cast<result_type(*) parameters>(::dlsym(library, "LLVM" #name)); \
  if (api.name == nullptr) return "LLVM" #name;
  LATHE_LLVM_FUNCTIONS(LATHE_LLVM_FILL)
#undef LATHE_LLVM_FILL
  return "";
}

/// Major version. LLVMGetVersion is new in 16; a library without it is 15 or older.
LATHE_INLINE int llvm_major_version(void* library) {
  using get_version = void (*)(unsigned*, unsigned*, unsigned*);
  unsigned major = 0;
  if (auto* get = reinterpret_cast<get_version>(::dlsym(library, "LLVMGetVersion")))
    get(&major, nullptr, nullptr);
  else
    major = ::dlsym(library, "LLVMOrcExecutionSessionLookup") != nullptr ? 15 : 14;
  return static_cast<int>(major);
}

/// Opens and checks one library; on failure `why` says what was wrong ("" = no such library).
LATHE_INLINE bool open_llvm(const char* name, llvm_api& api, std::string& why) {
  why.clear();
  void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  api.library = name;
  api.version = llvm_major_version(library);
  if (api.version < 15 || api.version > 19) {
    why = std::string(name) + " is LLVM " +
          (api.version == 14 ? "14 or older" : std::to_string(api.version));
    return false;
  }
  if (std::string missing = fill_llvm_api(library, api); !missing.empty()) {
    why = std::string(name) + " lacks " + missing;
    return false;
  }
  return true;
}

LATHE_INLINE result<const llvm_api*> load_llvm() {
#if !defined(__x86_64__)
  return error("LATHE-E301", "unavailable: kernels for the CPU are generated on x86-64 only");
#endif
  owner<llvm_api> api(new llvm_api);
  const auto ready = [&api]() -> result<const llvm_api*> {
    api->InitializeX86TargetInfo();
    api->InitializeX86Target();
    api->InitializeX86TargetMC();
    api->InitializeX86AsmPrinter();
    api->InitializeX86AsmParser();
    // Registered after LLVM's own destructors, therefore run before them.
    std::atexit([] { llvm_is_gone().store(true); });
    // Leaked on purpose: LLVM is never closed, and kernels may outlive every static object of ours.
    return api.release();
  };
  constexpr const char* wanted =
      "; lathe needs libLLVM 15 to 19: install one (Debian: libllvm19) or name its file in "
      "LATHE_LIBLLVM";
  std::string why;
  if (const char* chosen = std::getenv("LATHE_LIBLLVM"); chosen != nullptr && *chosen != 0) {
    if (open_llvm(chosen, *api, why)) return ready();
    if (!why.empty()) return error("LATHE-E302", "unavailable: " + why + wanted);
    const char* reason = ::dlerror();
    return error("LATHE-E301", std::string("unavailable: looked for LATHE_LIBLLVM=") + chosen +
                                   " (" + (reason != nullptr ? reason : "cannot be opened") + ")" +
                                   wanted);
  }
  std::string looked_for;
  std::string refused;
  for (const char* name :
       {"libLLVM.so.19.1", "libLLVM-19.so.1", "libLLVM-19.so", "libLLVM.so.18.1", "libLLVM-18.so.1",
        "libLLVM-18.so", "libLLVM-17.so.1", "libLLVM-17.so", "libLLVM-16.so.1", "libLLVM-16.so",
        "libLLVM-15.so.1", "libLLVM-15.so", "libLLVM.so"}) {
    if (open_llvm(name, *api, why)) return ready();
    looked_for += (looked_for.empty() ? "" : ", ") + std::string(name);
    if (!why.empty()) refused += (refused.empty() ? "" : ", ") + why;
  }
  if (!refused.empty()) return error("LATHE-E302", "unavailable: " + refused + wanted);
  return error("LATHE-E301", "unavailable: looked for " + looked_for + wanted);
}

}  // namespace detail

LATHE_INLINE result<const llvm_api*> llvm_api::load() {
  static const result<const llvm_api*> loaded = detail::load_llvm();
  return loaded;
}

LATHE_INLINE bool llvm_api::alive() { return !detail::llvm_is_gone().load(); }

}  // namespace lathe::native
