/// @file
/// CUDA C++ text to code for one architecture. In: text that includes nothing (emit_cuda.hpp). Out:
/// a cubin or PTX, or the compiler's messages. Needs NVRTC, but neither a driver nor a GPU.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cuda/device.hpp>
#include <lathe/target/cuda/nvrtc_api.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace lathe::gpu {

/// What the driver is given.
enum class code_form : unsigned char {
  cubin,  ///< machine code of one architecture
  ptx     ///< virtual code, which the driver translates when it is loaded: 0.1 to 1 s per kernel
};

/// How to compile.
struct nvrtc_options {
  /// "sm_80", "sm_90"; "sm_90a" for instructions of that architecture alone. PTX is made for the
  /// virtual architecture of the same number.
  std::string architecture = "sm_90";
  code_form form = code_form::cubin;
  bool contract = true;  ///< a * b + c may be rounded once; not with strict_fp
};

/// Compiled kernels.
struct cuda_code {
  sequence<std::byte> bytes;  ///< PTX ends with a zero, as the driver wants it
  code_form form = code_form::cubin;
  std::string log;  ///< warnings, usually empty
};

/// The compiler. Copies share it; safe to use from several threads at once, as NVRTC is.
class nvrtc {
 public:
  /// @error LATHE-E333, LATHE-E334 no usable NVRTC
  LATHE_INLINE static result<nvrtc> create();
  /// The same with a given library instead of the process's.
  LATHE_INLINE explicit nvrtc(const nvrtc_api& api);

  /// Compiles one text: 0.07 to 0.3 s for kernels of usual size.
  /// @error LATHE-E335 the text does not compile: the messages; LATHE-E336 this NVRTC does not know
  ///        the architecture
  LATHE_INLINE result<cuda_code> compile(const std::string& text,
                                         const nvrtc_options& options) const;

  /// Compiles all texts on at most `threads` threads (45 MB of memory each). Results in order.
  LATHE_INLINE sequence<result<cuda_code>> compile_all(std::span<const std::string> texts,
                                                       const nvrtc_options& options,
                                                       int threads) const;

  /// The options for a device: a cubin of its architecture, or PTX of the nearest older one where
  /// the device is newer than this NVRTC.
  /// @error LATHE-E336 the device is older than all this NVRTC knows
  LATHE_INLINE result<nvrtc_options> options_for(const device& of) const;

  /// Compute capabilities that cubins can be made for, ascending: 75, 80, ...
  const sequence<int>& architectures() const { return architectures_; }
  /// What the same text compiles to the same code with: "nvrtc 12.9". Part of the store's key.
  LATHE_INLINE std::string fingerprint() const;

 private:
  const nvrtc_api* api_;
  sequence<int> architectures_;
};

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/nvrtc.ipp>
#endif
