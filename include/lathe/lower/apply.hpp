/// @file
/// Replays a trace on a program. In: a program with default loops and a trace. Out: the scheduled
/// program, or the reason why a step is illegal. Nothing is ever half applied on the caller's side:
/// the program is taken by value.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>

#include <span>
#include <string>

namespace lathe {

/// What the trace may assume about the call.
struct apply_options {
  sequence<std::string> bound;  ///< inputs that are packed once in bind()
};

/// Applies every step in order and checks the whole.
/// @error LATHE-E203 illegal step, with the reason (also for unknown names); E204 the steps are
///        legal one by one but not together
LATHE_INLINE result<program> apply(program base, const trace& steps,
                                   const apply_options& options = {});

/// Applies one step; returns the reason if it is illegal (empty = applied).
LATHE_INLINE std::string apply_step(program& target, const step& what,
                                    const apply_options& options = {});

/// Checks a scheduled program as a whole; returns the reason if it is illegal (empty = legal).
LATHE_INLINE std::string check_schedule(const program& target);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/lower/apply.ipp>
#endif
