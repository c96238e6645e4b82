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
  struct known {
    int code;
    const char* name;
    const char* meaning;
  };
  static constexpr known table[] = {
      {1, "INVALID_VALUE", "an argument of the call is out of its range"},
      {2, "OUT_OF_MEMORY", "the device has not enough free memory"},
      {3, "NOT_INITIALIZED", "the driver was not initialised"},
      {4, "DEINITIALIZED", "the process is ending"},
      {34, "STUB_LIBRARY", "this is the toolkit's stub, not a driver"},
      {46, "DEVICE_UNAVAILABLE", "the device is in use by others"},
      {100, "NO_DEVICE", "there is no device"},
      {101, "INVALID_DEVICE", "there is no device of that number"},
      {200, "INVALID_IMAGE", "not code for a GPU"},
      {201, "INVALID_CONTEXT", "no context is current on this thread"},
      {209, "NO_BINARY_FOR_GPU", "the code is for another architecture than the device's"},
      {214, "ECC_UNCORRECTABLE", "the device's memory is damaged"},
      {218, "INVALID_PTX", "the driver cannot compile the PTX"},
      {222, "UNSUPPORTED_PTX_VERSION", "the PTX is newer than the driver"},
      {400, "INVALID_HANDLE", "a stream, event or module is not one"},
      {500, "NOT_FOUND", "there is no function of that name"},
      {600, "NOT_READY", "the device has not finished"},
      {700, "ILLEGAL_ADDRESS", "a kernel accessed memory that is not allocated"},
      {701, "LAUNCH_OUT_OF_RESOURCES", "a block needs more registers or shared memory than exist"},
      {702, "LAUNCH_TIMEOUT", "a kernel ran longer than the system allows"},
      {709, "CONTEXT_IS_DESTROYED", "the context was destroyed"},
      {710, "ASSERT", "an assertion in a kernel failed"},
      {713, "HARDWARE_STACK_ERROR", "a kernel's stack is damaged"},
      {714, "ILLEGAL_INSTRUCTION", "a kernel executed an illegal instruction"},
      {715, "MISALIGNED_ADDRESS", "a kernel accessed memory that is not aligned to its size"},
      {716, "INVALID_ADDRESS_SPACE", "a kernel mixed up kinds of memory"},
      {717, "INVALID_PC", "a kernel jumped out of its code"},
      {718, "LAUNCH_FAILED", "a kernel failed"},
      {719, "LAUNCH_FAILED", "a kernel failed"},
      {802, "SYSTEM_NOT_READY", "the system's services for the device are not running"},
      {803, "SYSTEM_DRIVER_MISMATCH", "the driver's library and kernel module differ in version"},
      {804, "COMPAT_NOT_SUPPORTED_ON_DEVICE", "this device needs the driver of its own version"},
      {999, "UNKNOWN", "unknown"}};
  const std::string number = " (" + std::to_string(code) + ")";
  for (const known& each : table)
    if (each.code == code)
      return std::string("CUDA_ERROR_") + each.name + number + ": " + each.meaning;
  return "CUDA error" + number;
}

LATHE_INLINE bool is_sticky(int code) {
  // Errors of running kernels and of the device. 701 comes before the launch and harms nothing.
  return code == 214 || code == 700 || code == 702 || (code >= 709 && code <= 719) || code == 999;
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
