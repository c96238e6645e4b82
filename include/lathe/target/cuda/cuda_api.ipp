/// @file
/// Opens the CUDA driver and fills the table of functions. Declared in cuda_api.hpp.
#pragma once

#include <lathe/core/owner.hpp>
#include <lathe/target/cuda/cuda_api.hpp>

#include <cstdlib>
#include <dlfcn.h>

namespace lathe::gpu {

namespace detail {

/// Oldest driver that runs what lathe makes: CUDA 11.0, the first with sm_80.
inline constexpr int oldest_driver = 11000;

/// "" if every function was found, else the name of the first that is missing.
LATHE_INLINE std::string fill_cuda_api(void* library, cuda_api& api) {
#define LATHE_CUDA_FILL(name, parameters)                                       \
  api.name = reinterpret_cast<int(*) parameters>(::dlsym(library, "cu" #name)); \
  if (api.name == nullptr) return "cu" #name;
  LATHE_CUDA_FUNCTIONS(LATHE_CUDA_FILL)
#undef LATHE_CUDA_FILL
  return "";
}

LATHE_INLINE result<const cuda_api*> load_cuda() {
  owner<cuda_api> api(new cuda_api);
  const char* chosen = std::getenv("LATHE_CUDA_DRIVER");
  const bool is_chosen = chosen != nullptr && *chosen != 0;
  api->library = is_chosen ? chosen : "libcuda.so.1";
  const std::string looked_for = (is_chosen ? "LATHE_CUDA_DRIVER=" : "") + api->library;
  void* library = ::dlopen(api->library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    return error("LATHE-E341", "unavailable: no CUDA driver on this machine: looked for " +
                                   looked_for + " (" +
                                   (reason != nullptr ? reason : "cannot be opened") +
                                   "); kernels for GPUs can be written and compiled here, not run");
  }
  if (const std::string missing = fill_cuda_api(library, *api); !missing.empty()) {
    return error("LATHE-E331", "unavailable: the CUDA driver " + looked_for + " lacks " + missing +
                                   ": it is too old, install the driver of CUDA 11 or newer");
  }
  const int begun = api->Init(0);
  if (begun == driver::success) api->DeviceGetCount(&api->device_count);
  if (begun == driver::no_device || (begun == driver::success && api->device_count == 0)) {
    return error("LATHE-E332", "unavailable: the CUDA driver " + looked_for +
                                   " finds no device; is one built in, and does "
                                   "CUDA_VISIBLE_DEVICES leave one visible?");
  }
  if (begun == driver::success) api->DriverGetVersion(&api->version);
  if (begun != driver::success || api->version < oldest_driver) {
    const std::string why = begun != driver::success
                                ? "does not start: " + cuda_error_text(begun)
                                : "is one of CUDA " + cuda_version_text(api->version);
    return error("LATHE-E331", "unavailable: the CUDA driver " + looked_for + " " + why +
                                   "; lathe needs a working driver of CUDA 11 or newer");
  }
  // Leaked on purpose: the driver is never closed, and kernels may outlive our static objects.
  return api.release();
}

}  // namespace detail

LATHE_INLINE result<const cuda_api*> cuda_api::load() {
  static const result<const cuda_api*> loaded = detail::load_cuda();
  return loaded;
}

LATHE_INLINE std::string cuda_error_text(int code) {
  const std::string number = " (" + std::to_string(code) + ")";
  switch (code) {
#define LATHE_CUDA_ERROR_TEXT(value, name, meaning) \
  case value: return "CUDA_ERROR_" #name + number + ": " meaning;
    LATHE_CUDA_ERRORS(LATHE_CUDA_ERROR_TEXT)
#undef LATHE_CUDA_ERROR_TEXT
    default: return "CUDA error" + number;
  }
}

LATHE_INLINE bool is_sticky(int code) {
  switch (code) {
    case 214:
    case 220:
    case 226:
    case 700:
    case 702:
    case 709:
    case 710:
    case 714:
    case 715:
    case 716:
    case 717:
    case 718:
    case 719:
    case 999: return true;
    default: return false;
  }
}

LATHE_INLINE error cuda_failure(const std::string& call, int code) {
  const std::string text = call + ": " + cuda_error_text(code);
  if (code == driver::out_of_memory) return error("LATHE-E340", text);
  if (is_sticky(code))
    return error("LATHE-E339", text + "; this process cannot use the GPU any more: restart it");
  return error("LATHE-E338", text);
}

LATHE_INLINE std::string cuda_version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace lathe::gpu
