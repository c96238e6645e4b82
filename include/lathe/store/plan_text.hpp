/// @file
/// A kernel_plan as one line of text, so that a cached start needs neither lowering nor compiling.
/// In and out: target/plan.hpp's kernel_plan. Called by the record reader and writer.
#pragma once

#include <lathe/config.hpp>
#include <lathe/target/plan.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace lathe {

/// The plan in its stored form:
///
///     item   := "b" ',' name ',' type ',' elements ',' flags     buffer: p(aram) o(utput) s(calar)
///     b(ound)
///             | "f" ',' symbol ',' tasks ',' flags               phase: p(arallel) b(ind only)
///             | "s" ',' bytes                                    scratch, last
///     plan   := item (';' item)*                                 flags '-' if there are none
LATHE_INLINE std::string plan_text(const kernel_plan& plan);

/// Inverse of plan_text(). Nothing if the text is malformed, has numbers out of range (2^50), more
/// than 4096 items, no phase, or a symbol that is no identifier.
LATHE_INLINE std::optional<kernel_plan> parse_plan(std::string_view text);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/store/plan_text.ipp>
#endif
