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
#include <lathe/search/tuner.hpp>
#include <lathe/store/cache.hpp>
#include <lathe/target/cpu/executable.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

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

/// The version of a space: a hash of its decisions, how many choices each has, and the estimate.
/// Another lathe, whose space for this operator is another one, has another version.
LATHE_INLINE std::string version_of(const traced_space& space);

/// True if a request may search and an earlier search went through another version of the space, or
/// if it may search clearly longer: a higher effort, or more than four times of what ended that
/// search, seconds or trials (a number that somebody set). Never longer if that search tried
/// everything or met its target. Unknown efforts count as `measure`.
/// @param space  version_of() the one that would be searched
LATHE_INLINE bool asks_for_more(const tuning_request& request, const search_effort& done,
                                std::string_view space);

/// True if it asks for more than each of the searches that are recorded for a stored winner.
LATHE_INLINE bool asks_for_more(const tuning_request& request, const winner& found,
                                const cache& store, std::string_view space);

/// The times of a point in a search: of the last comparison it took part in, else of its trial;
/// empty if it was not tried or failed.
LATHE_INLINE sequence<double> times_of(const search_result& found, const point& at);

/// Stores again what a stored winner takes now, so that it is ranked fairly against the one that a
/// new search found: the machine may have been faster when it was measured first.
LATHE_INLINE void measured_again(cache& store, winner found, const sequence<double>& samples,
                                 std::span<const std::byte> object);

/// A point as the store keeps it: "3,0,1".
LATHE_INLINE std::string choices_text(const point& at);

/// The point of a stored winner; nothing if it stands for another trace in this space, as after a
/// change of the space.
LATHE_INLINE std::optional<point> point_of(const winner& record, const traced_space& space);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/api/stored_kernel.ipp>
#endif
