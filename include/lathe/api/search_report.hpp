/// @file
/// What the sessions of all targets have in common: the limits of a search, and what is kept and
/// told of its outcome. Called by session.hpp and cuda_session.hpp.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/store/key.hpp>
#include <lathe/store/winner.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <string>

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

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/api/search_report.ipp>
#endif
