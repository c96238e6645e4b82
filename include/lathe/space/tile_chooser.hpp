/// @file
/// The tile of one reduction stage, without measuring anything. In: the stage with its default
/// loops and the processor. Out: the register tile that takes the fewest cycles in a model of
/// loads, multiply-adds and lines of the caches, with its blocks, packing and prefetches.
///
/// The register tile follows Low et al., "Analytical modeling is enough for high-performance BLIS"
/// (TOMS 2016): enough independent accumulators to hide the latency of the multiply-add, then as
/// few loads per operation as the registers allow; block sizes follow from the cache sizes.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/space/tile.hpp>

#include <string>

namespace lathe {

/// What is known about the call besides the program.
struct call_context {
  sequence<std::string> bound;  ///< inputs packed once in bind()
  int threads = 1;
};

namespace detail {

/// A tile and what it is expected to take.
struct tile_choice {
  reduction_tile tile;
  double cost = 0;  ///< [cycles]
};

/// The best tile of a reduction stage. O(axes^2 * tile sizes)
/// @param alone   axis whose iterations are tiles and blocks of their own, -1 = none
/// @param border  a narrowed axis whose window may run inside the rows of a tile, -1 = none
LATHE_INLINE tile_choice cheapest_tile(const program& of, const program_stage& stage,
                                       const cpu_target& target, const call_context& call,
                                       int alone, int border = -1);

}  // namespace detail
}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/tile_chooser.ipp>
#endif
