/// @file
/// A trace: an ordered list of schedule steps with a text form that round-trips. Users write it by
/// hand, a space proposes it, the store keeps it; lowering replays it.
///
/// Grammar (white space between tokens is free, newline or `;` separates steps, `#` starts a
/// comment):
///
///     trace := [ step { (';' | newline) step } ]
///     step  := primitive '(' arguments ')'          arguments: see primitive.hpp
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/schedule/primitive.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

/// An ordered list of schedule steps.
struct trace {
  sequence<step> steps;
  friend bool operator==(const trace&, const trace&) = default;
};

/// Canonical one-line text of a step: `split(C.i -> i0:_, i1:12)`.
LATHE_INLINE std::string to_text(const step& value);

/// Canonical text of a trace, steps separated by "; ". parse_trace(to_text(t)) == t.
LATHE_INLINE std::string to_text(const trace& value);

/// Reads the text form. @error LATHE-E201 with line, column, what was found and what was expected.
LATHE_INLINE result<trace> parse_trace(std::string_view text);

/// 64-bit hash of all steps in their order; equal for equal traces, whatever texts they came from.
LATHE_INLINE std::uint64_t hash_of(const trace& value);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/schedule/trace.ipp>
#endif
