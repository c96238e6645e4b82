/// @file
/// What the sessions of all targets have in common: the limits of a search, and what is kept and
/// told of its outcome. Called by session.hpp and cuda_session.hpp.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/request.hpp>
#include <lathe/api/traced_space.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/store/cache.hpp>
#include <lathe/store/key.hpp>
#include <lathe/store/winner.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <string>
#include <string_view>

namespace lathe::detail {

/// One jit per instruction set and process: creating it opens libLLVM.
LATHE_INLINE result<native::jit> shared_jit(const cpu_target& target);

/// "i=33 j=35 k=37".
LATHE_INLINE std::string extents_text(const desc_view& desc);

/// Operations of a call, without those that rewrites save.
LATHE_INLINE double least_operations(const desc_view& desc);

/// How to search. What finding the right answer took counts, up to half of the time.
/// @param begin  when the tuning began [s]
LATHE_INLINE search_options search_options_of(const tuning_request& request, double begin,
                                              double roofline);

/// Searches, with what is shown meanwhile. Trials are kept in the store, so that a search that was
/// killed goes on where it was.
/// @param code      what compiles kernels
/// @param roofline  no kernel is faster [s], 0 = not known
/// @param begin     as for search_options_of()
LATHE_INLINE search_result search_for(const desc_view& desc, const traced_space& space,
                                      evaluator& judge, const tuning_request& request, cache& store,
                                      const cache_key& key, std::string_view code, double roofline,
                                      double begin, sequence<std::string>& notes);

/// No winner is stored, and nothing may be searched.
LATHE_INLINE error no_winner(const cache_key& key);
/// Why a search ended without a winner.
LATHE_INLINE error no_candidate(const cache_key& key, const search_result& found);

/// Fills in what a search tells about its winner.
/// @param samples  times of a call [s]
LATHE_INLINE void report_search(tuning_report& out, const search_result& found,
                                const sequence<double>& samples, double begin);

/// The record of a winner that was searched for, without its code.
LATHE_INLINE winner record_of(const cache_key& key, const tuning_report& found,
                              const tuning_request& request, const sequence<double>& samples,
                              stop_reason stopped, std::string choices);

/// `path`, or if that is a folder (with / at its end), a file in it that is named by the key; makes
/// the folder.
LATHE_INLINE std::string file_in(const std::string& path, const cache_key& key, const char* ending);

/// Writes the page of a search where one is asked for; a note says if that fails.
LATHE_INLINE void write_page(tuning_report& of, const search_space& space,
                             const search_result& found, const tuning_request& request,
                             const cache_key& key);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/api/search_report.ipp>
#endif
