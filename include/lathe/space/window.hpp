/// @file
/// Rows of a tile that slide along a short reduce axis, as in convolutions: unrolled, its terms
/// read mostly the same rows, which can stay in registers. In: a stage and a tile. Out: the best
/// axis.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/tile.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe::detail {

/// A reduce axis along which the rows of a tile slide while all of them are in registers.
struct window {
  int reduce = -1, row = -1;  ///< -1 = there is none
  std::size_t use = 0;        ///< the load that slides
  double rows = 0;            ///< of it that are loaded per term
};

/// The window that loads fewest rows. Only of operands that stay in L1: a stream is better read by
/// the larger tile that needs no window.
LATHE_INLINE window window_of(const program_stage& stage, const sequence<load_use>& uses,
                              const reduction_tile& tile, const sequence<std::int64_t>& counts,
                              const cpu_target& target, int bytes);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/space/window.ipp>
#endif
