/// @file
/// What was found for other extents of an operator, as starting points of a search. In: the store,
/// a key it has no winner for, a space. Out: points. Called by session.hpp.
#pragma once

#include <lathe/api/traced_space.hpp>
#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/schedule/point.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/store/cache.hpp>

#include <string_view>

namespace lathe::detail {

/// How far extents are from each other: the sum over the axes of |log of their ratio|; infinite if
/// they are not of the same axes. @param left, right  "i=64 j=32", as in a key
LATHE_INLINE double extent_distance(std::string_view left, std::string_view right);

/// The point whose trace has the most steps in common with `wanted`: schedules of other extents are
/// seldom points of a space, but most of their tiles and orders are. Site by site, each choice
/// tried, until nothing improves.
/// @param at  where to begin
/// @complexity  two or three traces per choice of a site
LATHE_INLINE point nearest_point(const traced_space& space, const trace& wanted, point at);

/// Points like the winners of the operators of the same name, target, threads and bound tensors
/// whose extents are nearest to the key's, at most `most`, the nearest first. Points of the space's
/// estimates and those it rejects are left out. Nothing is promised about them: they are tried like
/// any candidate.
LATHE_INLINE sequence<point> neighbours_of(const cache_key& key, const cache& store,
                                           const traced_space& space, std::size_t most = 2);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/api/neighbours.ipp>
#endif
