/// @file
/// The part of the CUDA driver's C interface that lathe uses, as a table of function pointers
/// filled by dlopen. In: nothing at build time, the driver (libcuda.so.1) at run time. Out:
/// `cuda_api`, read by the other files of target/cuda, and what its error codes mean.
///
/// No CUDA header is included: the handles are opaque types of our own. The prototypes are checked
/// against <cuda.h> by tests/cuda/api_prototypes.cpp where that header is installed.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace lathe::gpu {

/// Opaque counterparts of the CU* handles, which are pointers to incomplete types.
namespace driver {
struct context;
struct module;
struct function;
struct stream;
struct event;

/// CUdeviceptr: an address on the device.
using address = unsigned long long;

/// Values of CU_DEVICE_ATTRIBUTE_*, CU_FUNC_ATTRIBUTE_* and CUresult that are named in the code. C
/// enums have int's representation.
enum : int {
  success = 0,
  out_of_memory = 2,
  no_device = 100,
  no_binary_for_gpu = 209,
  unsupported_ptx_version = 222,
  not_found = 500,

  max_threads_per_block = 1,
  max_shared_memory_per_block = 8,
  warp_size = 10,
  max_registers_per_block = 12,
  clock_rate = 13,
  multiprocessor_count = 16,
  memory_clock_rate = 36,
  memory_bus_width = 37,
  l2_cache_size = 38,
  max_threads_per_multiprocessor = 39,
  compute_capability_major = 75,
  compute_capability_minor = 76,
  max_shared_memory_per_multiprocessor = 81,
  max_registers_per_multiprocessor = 82,
  max_shared_memory_per_block_optin = 97,
  max_blocks_per_multiprocessor = 106,
  reserved_shared_memory_per_block = 111,

  function_registers = 4,
  function_max_dynamic_shared = 8
};
}  // namespace driver

// One line per function: name without the cu prefix, parameters; all return CUresult. They exist
// with this signature in every driver since CUDA 11.
#define LATHE_CUDA_FUNCTIONS(X)                                                                   \
  X(Init, (unsigned))                                                                             \
  X(DriverGetVersion, (int*))                                                                     \
  X(DeviceGetCount, (int*))                                                                       \
  X(DeviceGet, (int*, int))                                                                       \
  X(DeviceGetName, (char*, int, int))                                                             \
  X(DeviceGetAttribute, (int*, int, int))                                                         \
  X(DeviceTotalMem_v2, (std::size_t*, int))                                                       \
  X(DevicePrimaryCtxRetain, (driver::context**, int))                                             \
  X(DevicePrimaryCtxRelease_v2, (int))                                                            \
  X(CtxGetCurrent, (driver::context**))                                                           \
  X(CtxGetDevice, (int*))                                                                         \
  X(CtxPushCurrent_v2, (driver::context*))                                                        \
  X(CtxPopCurrent_v2, (driver::context**))                                                        \
  X(ModuleLoadDataEx, (driver::module**, const void*, unsigned, int*, void**))                    \
  X(ModuleUnload, (driver::module*))                                                              \
  X(ModuleGetFunction, (driver::function**, driver::module*, const char*))                        \
  X(FuncGetAttribute, (int*, int, driver::function*))                                             \
  X(FuncSetAttribute, (driver::function*, int, int))                                              \
  X(LaunchKernel, (driver::function*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, \
                   unsigned, driver::stream*, void**, void**))                                    \
  X(MemAlloc_v2, (driver::address*, std::size_t))                                                 \
  X(MemFree_v2, (driver::address))                                                                \
  X(MemcpyHtoDAsync_v2, (driver::address, const void*, std::size_t, driver::stream*))             \
  X(MemcpyDtoHAsync_v2, (void*, driver::address, std::size_t, driver::stream*))                   \
  X(MemcpyDtoDAsync_v2, (driver::address, driver::address, std::size_t, driver::stream*))         \
  X(MemsetD8Async, (driver::address, unsigned char, std::size_t, driver::stream*))                \
  X(StreamCreate, (driver::stream**, unsigned))                                                   \
  X(StreamDestroy_v2, (driver::stream*))                                                          \
  X(StreamSynchronize, (driver::stream*))                                                         \
  X(EventCreate, (driver::event**, unsigned))                                                     \
  X(EventRecord, (driver::event*, driver::stream*))                                               \
  X(EventElapsedTime, (float*, driver::event*, driver::event*))                                   \
  X(EventDestroy_v2, (driver::event*))                                                            \
  X(OccupancyMaxActiveBlocksPerMultiprocessor, (int*, driver::function*, int, std::size_t))

// Errors by number, name without CUDA_ERROR_, and what they mean here.
#define LATHE_CUDA_ERRORS(X)                                                                  \
  X(1, INVALID_VALUE, "an argument of the call is out of its range")                          \
  X(2, OUT_OF_MEMORY, "the device has not enough free memory")                                \
  X(3, NOT_INITIALIZED, "the driver was not initialised")                                     \
  X(4, DEINITIALIZED, "the process is ending")                                                \
  X(34, STUB_LIBRARY, "this is the toolkit's stub, not a driver")                             \
  X(46, DEVICE_UNAVAILABLE, "the device is in use by others")                                 \
  X(100, NO_DEVICE, "there is no device")                                                     \
  X(101, INVALID_DEVICE, "there is no device of that number")                                 \
  X(200, INVALID_IMAGE, "not code for a GPU")                                                 \
  X(201, INVALID_CONTEXT, "no context is current on this thread")                             \
  X(209, NO_BINARY_FOR_GPU, "the code is for another architecture than the device's")         \
  X(214, ECC_UNCORRECTABLE, "the device's memory is damaged")                                 \
  X(218, INVALID_PTX, "the driver cannot compile the PTX")                                    \
  X(220, NVLINK_UNCORRECTABLE, "the connection between devices is damaged")                   \
  X(222, UNSUPPORTED_PTX_VERSION, "the PTX is newer than the driver")                         \
  X(226, CONTAINED, "an error of the device that was contained")                              \
  X(400, INVALID_HANDLE, "a stream, event or module is not one")                              \
  X(500, NOT_FOUND, "there is no function of that name")                                      \
  X(600, NOT_READY, "the device has not finished")                                            \
  X(700, ILLEGAL_ADDRESS, "a kernel accessed memory that is not allocated")                   \
  X(701, LAUNCH_OUT_OF_RESOURCES, "a block needs more registers or shared memory than exist") \
  X(702, LAUNCH_TIMEOUT, "a kernel ran longer than the system allows")                        \
  X(709, CONTEXT_IS_DESTROYED, "the context was destroyed")                                   \
  X(710, ASSERT, "an assertion in a kernel failed")                                           \
  X(714, HARDWARE_STACK_ERROR, "a kernel's stack is damaged")                                 \
  X(715, ILLEGAL_INSTRUCTION, "a kernel executed an illegal instruction")                     \
  X(716, MISALIGNED_ADDRESS, "a kernel accessed memory that is not aligned to its size")      \
  X(717, INVALID_ADDRESS_SPACE, "a kernel mixed up kinds of memory")                          \
  X(718, INVALID_PC, "a kernel jumped out of its code")                                       \
  X(719, LAUNCH_FAILED, "a kernel failed")                                                    \
  X(802, SYSTEM_NOT_READY, "the system's services for the device are not running")            \
  X(803, SYSTEM_DRIVER_MISMATCH, "the driver's library and kernel module differ in version")  \
  X(804, COMPAT_NOT_SUPPORTED_ON_DEVICE, "this device needs the driver of its own version")   \
  X(999, UNKNOWN, "unknown")

/// The loaded driver: one member per function (without the cu prefix), its file and version.
struct cuda_api {
#define LATHE_CUDA_MEMBER(name, parameters) int(*name) parameters = nullptr;
  LATHE_CUDA_FUNCTIONS(LATHE_CUDA_MEMBER)
#undef LATHE_CUDA_MEMBER

  std::string library;   ///< name it was opened by
  int version = 0;       ///< of CUDA that the driver supports: 1000 major + 10 minor
  int device_count = 0;  ///< >= 1

  /// The process's driver, opened and initialised at the first call and never closed. Tries
  /// $LATHE_CUDA_DRIVER (alone, if set), then libcuda.so.1; never libcuda.so, which may be the
  /// toolkit's stub.
  /// @error E341 no driver, E331 the driver cannot be used: too old, broken or a stub,
  ///        E332 the driver is there, but no device. One clear line each
  LATHE_INLINE static result<const cuda_api*> load();
};

/// "CUDA_ERROR_ILLEGAL_ADDRESS (700): a kernel accessed memory that is not allocated". Our own
/// table: the stub library and drivers that failed to start cannot name their errors.
LATHE_INLINE std::string cuda_error_text(int code);

/// True if nothing more can be done with the GPU in this process after this error: it stays, and
/// every later call returns it.
LATHE_INLINE bool is_sticky(int code);

/// The error of a driver call that failed: "call: text".
/// @returns E338 the call was refused; E339 the process cannot use the GPU any more; E340 the
///          device is out of memory
LATHE_INLINE error cuda_failure(const std::string& call, int code);

/// 12040 as "12.4".
LATHE_INLINE std::string cuda_version_text(int version);

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/cuda_api.ipp>
#endif
