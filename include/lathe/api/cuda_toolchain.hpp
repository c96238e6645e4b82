/// @file
/// What kernels for a GPU are made with, and the steps from a trace to code. In: a target, a
/// program and a trace. Out: CUDA text, then a cubin that the device can run. The counterpart of
/// pipeline.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/measure/cuda_bench.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/target/cuda/context.hpp>
#include <lathe/target/cuda/cuda_source.hpp>
#include <lathe/target/cuda/nvrtc.hpp>
#include <lathe/target/cuda/screening.hpp>

#include <cstddef>
#include <string>

namespace lathe {

/// Which GPU kernels are tuned for, and how they are timed.
struct cuda {
  int device = 0;            ///< number of the device where no context is current
  std::string architecture;  ///< "sm_90a" and the like; "" = the device's
  cuda_timing timing;        ///< what calls find in the device's cache
  bool tf32 = false;         ///< tensor cores may round the factors of f32 products to 10 bits
};

/// What kernels for a GPU are made with: the caller's context or the device's primary one, and the
/// compiler.
struct cuda_toolchain {
  gpu::context where;
  gpu::nvrtc compiler;
  gpu::nvrtc_options options;

  /// @error LATHE-E331, E332, E341 no driver or device; E333, E334 no NVRTC; E336
  LATHE_INLINE static result<cuda_toolchain> find(const cuda& target, bool strict_fp);

  /// What makes code that was stored usable here: compiler, architecture, driver.
  LATHE_INLINE std::string fingerprint() const;
};

/// Text and code of one schedule.
struct cuda_compiled {
  cuda_source source;
  sequence<std::byte> code;
};

/// Program and trace to CUDA text.
/// @error LATHE-E2xx the trace is illegal; E330 it cannot be written as CUDA
LATHE_INLINE result<cuda_source> cuda_text_of(const program& of, const trace& steps);

/// All steps to code, with the screening between them.
/// @error LATHE-E2xx, E330, E335; E342 the device cannot run it, or `limits` forbid it
LATHE_INLINE result<cuda_compiled> compile_cuda(const program& of, const trace& steps,
                                                const cuda_toolchain& with,
                                                const gpu::screening_limits& limits);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/cuda_toolchain.ipp>
#endif
