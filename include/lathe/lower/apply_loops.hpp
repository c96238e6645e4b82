/// @file
/// The steps that change how one stage's loops run: split, fuse, reorder, vectorize, unroll,
/// parallel. In: a stage and a step. Out: the stage with its new loops, or why not. Called by
/// apply.ipp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>

#include <string>
#include <string_view>

namespace lathe::detail {

/// `text` in single quotes, for messages.
LATHE_INLINE std::string quoted(std::string_view text);

/// "stage 'C' has no loop 'x'; its loops are: ..."
LATHE_INLINE std::string unknown_loop(const program_stage& stage, std::string_view loop);

/// Where a part of a dimension is known: its loop, or the innermost loop of the fused dimension
/// that it is a source of, and its place among the sources.
struct loop_place {
  int loop = -1, source = 0;
  bool operator<(const loop_place& other) const {
    return loop != other.loop ? loop < other.loop : source < other.source;
  }
};
LATHE_INLINE loop_place place_of(const program_stage& stage, int dim, int part);

/// The reason if the loops of a stage are in an illegal order: parts of one dimension run outermost
/// first unless each divides the one around it, and parts of a fused dimension's sources after it.
/// Empty = legal.
LATHE_INLINE std::string check_order(const program_stage& stage);

/// Each applies its step and returns the reason if it is illegal (empty = applied).
LATHE_INLINE std::string apply_split(program_stage& stage, const step& what);
LATHE_INLINE std::string apply_fuse(program_stage& stage, const step& what);
LATHE_INLINE std::string apply_reorder(program_stage& stage, const step& what);
/// vectorize, unroll or parallel.
LATHE_INLINE std::string apply_annotation(program_stage& stage, const step& what,
                                          ir::loop_kind how);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/apply_loops.ipp>
#endif
