/// @file
/// A tuning as a page: what was tried, what it gave, what decided. In: the search and its result.
/// Out: HTML that needs nothing but itself. Called by session.hpp where a report is asked for.
#pragma once

#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/search/tuner.hpp>

#include <string>

namespace lathe {

/// The tuning curve against trials and against seconds, the comparison of the finalists, failures
/// by class, and per decision of the space the best time that each choice took part in.
/// @param how    the kernel that was chosen, its time and where the tuning's time went
/// @param title  "gemm M=1024 N=1024 K=1024"
LATHE_INLINE std::string tuning_page(const search_space& space, const search_result& found,
                                     const tuning_report& how, const std::string& title);

/// Writes a text to a file. @error LATHE-E514 if it cannot be written
LATHE_INLINE result<bool> write_report(const std::string& path, const std::string& page);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/tuning_page.ipp>
#endif
