/// @file
/// NVRTC, NVIDIA's compiler of CUDA C++ as a library, as a table of function pointers filled by
/// dlopen. In: nothing at build time, libnvrtc at run time; neither a driver nor a GPU. Out:
/// `nvrtc_api`, read by nvrtc.ipp only.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>

#include <cstddef>
#include <string>

namespace lathe::gpu {

/// Opaque counterpart of nvrtcProgram, which is a pointer to an incomplete type.
struct nvrtc_program;

// One line per function: name without the nvrtc prefix, result, parameters. They exist with this
// signature since CUDA 11.2; nvrtcResult has int's representation.
#define LATHE_NVRTC_FUNCTIONS(X)                                                              \
  X(Version, int, (int*, int*))                                                               \
  X(GetNumSupportedArchs, int, (int*))                                                        \
  X(GetSupportedArchs, int, (int*))                                                           \
  X(CreateProgram, int,                                                                       \
    (nvrtc_program**, const char*, const char*, int, const char* const*, const char* const*)) \
  X(DestroyProgram, int, (nvrtc_program**))                                                   \
  X(CompileProgram, int, (nvrtc_program*, int, const char* const*))                           \
  X(GetCUBINSize, int, (nvrtc_program*, std::size_t*))                                        \
  X(GetCUBIN, int, (nvrtc_program*, char*))                                                   \
  X(GetPTXSize, int, (nvrtc_program*, std::size_t*))                                          \
  X(GetPTX, int, (nvrtc_program*, char*))                                                     \
  X(GetProgramLogSize, int, (nvrtc_program*, std::size_t*))                                   \
  X(GetProgramLog, int, (nvrtc_program*, char*))                                              \
  X(GetErrorString, const char*, (int))

/// The loaded library: one member per function (without the nvrtc prefix), its file and version.
struct nvrtc_api {
#define LATHE_NVRTC_MEMBER(name, result_type, parameters) result_type(*name) parameters = nullptr;
  LATHE_NVRTC_FUNCTIONS(LATHE_NVRTC_MEMBER)
#undef LATHE_NVRTC_MEMBER

  std::string library;  ///< name it was opened by
  int version = 0;      ///< 1000 major + 10 minor, as the driver counts

  /// The process's NVRTC, opened at the first call and never closed. Tries $LATHE_NVRTC (alone, if
  /// set), then the usual names from version 13 down to 11.2, the folders of a toolkit (CUDA_HOME,
  /// CUDA_PATH, /usr/local/cuda) and those of a Python environment (VIRTUAL_ENV, CONDA_PREFIX).
  /// @error E333 no library found, E334 the library cannot be used
  LATHE_INLINE static result<const nvrtc_api*> load();
};

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/nvrtc_api.ipp>
#endif
