/// @file
/// A winner of the store as a kernel that may be run. In: a key. Out: its best winner, loaded or
/// compiled again and, if somebody else measured it, checked and timed here first. Called by
/// session.hpp before it searches.
#pragma once

#include <lathe/api/request.hpp>
#include <lathe/api/traced_space.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/schedule/point.hpp>
#include <lathe/store/cache.hpp>
#include <lathe/target/cpu/executable.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <optional>
#include <string>

namespace lathe::detail {

/// See the head of this file.
struct stored_kernel {
  winner record;
  tuned how;
};

/// What checking a kernel gave.
struct kernel_check {
  measurement outcome;
  std::string how;  ///< how the right answer was found, for reports
};

/// Compares a kernel with the oracle and times it, in a process of its own.
/// @error LATHE-E5xx the check cannot be made: that says nothing about the kernel
LATHE_INLINE result<kernel_check> check_kernel(const native::executable& run, const program& of,
                                               const tuning_request& request,
                                               const native::jit& compiler);

/// The best winner of a key that works here. Imported ones that fail their check are rejected for
/// good; those that pass are put into the store as measured here.
LATHE_INLINE std::optional<stored_kernel> usable_winner(cache& store, const cache_key& key,
                                                        const program& of,
                                                        const tuning_request& request,
                                                        const native::jit& compiler);

/// True if a request may search clearly longer than an earlier search did: a higher effort, or more
/// than four times of what ended that search, seconds or trials (a number that somebody set). Never
/// if that search tried everything or met its target. Unknown efforts count as `measure`.
LATHE_INLINE bool asks_for_more(const tuning_request& request, const search_effort& done);

/// True if it asks for more than each of the searches that are recorded for a stored winner.
LATHE_INLINE bool asks_for_more(const tuning_request& request, const winner& found,
                                const cache& store);

/// A point as the store keeps it: "3,0,1".
LATHE_INLINE std::string choices_text(const point& at);

/// The point of a stored winner; nothing if it stands for another trace in this space, as after a
/// change of the space.
LATHE_INLINE std::optional<point> point_of(const winner& record, const traced_space& space);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/api/stored_kernel.ipp>
#endif
