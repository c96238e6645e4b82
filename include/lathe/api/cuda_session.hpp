/// @file
/// One tuning for a GPU, from description to winner: what tune() does behind its types when the
/// target is cuda(). In: a description and resolved options. Out: a runnable kernel and how it was
/// found. The counterpart of session.hpp.
///
///     key ─▶ cache? ─▶ reference answer ─▶ search ─▶ finalists compared ─▶ stored ─▶ kernel
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/cuda_toolchain.hpp>
#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/target/cuda/executable.hpp>

namespace lathe {

/// A kernel for a GPU and how it was found.
struct cuda_tuned : tuning_report {
  gpu::executable run;
};

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
