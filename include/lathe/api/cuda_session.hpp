/// @file
/// One tuning for a GPU, from description to winner: what tune() does behind its types when the
/// target is cuda(). In: a description and resolved options. Out: a runnable kernel and how it was
/// found. The counterpart of session.hpp.
///
///     key ─▶ cache? ─▶ reference answer ─▶ search ─▶ finalists compared ─▶ stored ─▶ kernel
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/measure/cuda_bench.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/target/cuda/executable.hpp>
#include <lathe/target/cuda/nvrtc.hpp>
#include <lathe/target/cuda/screening.hpp>

#include <string>

namespace lathe {

/// Which GPU kernels are tuned for, and how they are timed.
struct cuda {
  int device = 0;            ///< number of the device where no context is current
  std::string architecture;  ///< "sm_90a" and the like; "" = the device's
  cuda_timing timing;        ///< what calls find in the device's cache
  bool tf32 = false;         ///< tensor cores may round the factors of f32 products to 10 bits
};

/// A kernel for a GPU and how it was found.
struct cuda_tuned : tuning_report {
  gpu::executable run;
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

/// Tunes. Winners from wisdom files are candidates like others: they are checked and timed.
/// @error as cuda_toolchain::find(); E505 no candidate worked; E506 wisdom_only without a winner;
///        E510, E511 the reference answer cannot be made (on the CPU, which needs libLLVM)
LATHE_INLINE result<cuda_tuned> tune_cuda(const desc_view& desc, const cuda& target,
                                          const tuning_request& request);

/// Compiles one given schedule. @error LATHE-E2xx illegal trace, E3xx
LATHE_INLINE result<cuda_tuned> compile_cuda_description(const desc_view& desc, const trace& steps,
                                                         const cuda& target,
                                                         const tuning_request& request);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/cuda_session.ipp>
#endif
