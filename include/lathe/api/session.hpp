/// @file
/// One tuning from description to winner: what tune() does behind its types. In: a description and
/// resolved options. Out: a runnable kernel and how it was found.
///
///     key ─▶ cache? ─▶ reference answer ─▶ search ─▶ finalists compared ─▶ stored ─▶ kernel
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/store/key.hpp>

namespace lathe {

/// The key under which winners of this request are stored.
LATHE_INLINE cache_key key_of(const desc_view& desc, const tuning_request& request);

/// Tunes. @error LATHE-E3xx no code generator; E505 no candidate worked; E506 wisdom_only without a
///         winner; E510, E511 the reference answer cannot be made
LATHE_INLINE result<tuned> tune_description(const desc_view& desc, const tuning_request& request);

/// Compiles one given schedule. @error LATHE-E2xx illegal trace, E3xx
LATHE_INLINE result<tuned> compile_description(const desc_view& desc, const trace& steps,
                                               const tuning_request& request);

/// The analytic schedule of a description.
LATHE_INLINE trace estimated_trace(const desc_view& desc, const tuning_request& request);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/session.ipp>
#endif
