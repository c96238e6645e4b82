/// @file
/// Finds and opens NVRTC. Declared in nvrtc_api.hpp.
#pragma once

#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cuda/nvrtc_api.hpp>

#include <cstdlib>
#include <dlfcn.h>

namespace lathe::gpu {

namespace detail {

/// "" if every function was found, else the name of the first that is missing.
LATHE_INLINE std::string fill_nvrtc_api(void* library, nvrtc_api& api) {
#define LATHE_NVRTC_FILL(name, result_type, parameters)                                    \
  api.name = reinterpret_cast<result_type(*) parameters>(::dlsym(library, "nvrtc" #name)); \
  if (api.name == nullptr) return "nvrtc" #name;
  LATHE_NVRTC_FUNCTIONS(LATHE_NVRTC_FILL)
#undef LATHE_NVRTC_FILL
  return "";
}

/// Opens one library; on failure `why` says what was wrong ("" = no such library).
LATHE_INLINE bool open_nvrtc(const std::string& name, nvrtc_api& api, std::string& why) {
  why.clear();
  void* library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  api.library = name;
  if (const std::string missing = fill_nvrtc_api(library, api); !missing.empty()) {
    why = name + " lacks " + missing;
    return false;
  }
  int major = 0, minor = 0;
  if (const int code = api.Version(&major, &minor); code != 0) {
    why = name + " does not say its version: " + api.GetErrorString(code);
    return false;
  }
  api.version = 1000 * major + 10 * minor;
  // NVRTC opens its second half by name alone when it first compiles. Outside of the system's
  // folders that name is found only if the file is open already.
  if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) {
    const std::string builtins = name.substr(0, slash) + "/libnvrtc-builtins.so." +
                                 std::to_string(major) + "." + std::to_string(minor);
    ::dlopen(builtins.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  return true;
}

/// Where NVRTC may be, best first: the system's folders, a toolkit, a Python environment into which
/// pip or conda put it.
LATHE_INLINE sequence<std::string> nvrtc_places() {
  constexpr const char* names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2",
                                   "libnvrtc.so"};
  sequence<std::string> folders{""};
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    if (const char* root = std::getenv(variable); root != nullptr && *root != 0)
      folders.push_back(std::string(root) + "/lib64/");
  }
  folders.push_back("/usr/local/cuda/lib64/");
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const char* root = std::getenv(variable);
    if (root == nullptr || *root == 0) continue;
    folders.push_back(std::string(root) + "/lib/");
    for (int minor = 15; minor >= 8; --minor) {
      const std::string packages =
          std::string(root) + "/lib/python3." + std::to_string(minor) + "/site-packages/nvidia/";
      folders.push_back(packages + "cu13/lib/");
      folders.push_back(packages + "cuda_nvrtc/lib/");
    }
  }
  sequence<std::string> places;
  for (const std::string& folder : folders)
    for (const char* name : names) places.push_back(folder + name);
  return places;
}

LATHE_INLINE result<const nvrtc_api*> load_nvrtc() {
  // Leaked on purpose when found: the library is never closed.
  owner<nvrtc_api> api(new nvrtc_api);
  constexpr const char* wanted =
      "; lathe compiles kernels for GPUs with NVRTC of CUDA 11.2 or newer: install a CUDA toolkit "
      "or `pip install nvidia-cuda-nvrtc-cu12`, or name the file in LATHE_NVRTC";
  std::string why;
  if (const char* chosen = std::getenv("LATHE_NVRTC"); chosen != nullptr && *chosen != 0) {
    if (open_nvrtc(chosen, *api, why)) return api.release();
    if (!why.empty()) return error("LATHE-E334", "unavailable: " + why + wanted);
    const char* reason = ::dlerror();
    return error("LATHE-E333", std::string("unavailable: looked for LATHE_NVRTC=") + chosen + " (" +
                                   (reason != nullptr ? reason : "cannot be opened") + ")" +
                                   wanted);
  }
  std::string refused;
  for (const std::string& place : nvrtc_places()) {
    if (open_nvrtc(place, *api, why)) return api.release();
    if (!why.empty()) refused += (refused.empty() ? "" : ", ") + why;
  }
  if (!refused.empty()) return error("LATHE-E334", "unavailable: " + refused + wanted);
  return error("LATHE-E333",
               std::string("unavailable: no libnvrtc.so.13, .12, .11.2 or libnvrtc.so in the "
                           "system's folders, CUDA_HOME, CUDA_PATH, /usr/local/cuda, VIRTUAL_ENV "
                           "or CONDA_PREFIX") +
                   wanted);
}

}  // namespace detail

LATHE_INLINE result<const nvrtc_api*> nvrtc_api::load() {
  static const result<const nvrtc_api*> loaded = detail::load_nvrtc();
  return loaded;
}

}  // namespace lathe::gpu
