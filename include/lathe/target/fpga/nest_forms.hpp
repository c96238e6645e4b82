/// @file
/// Forms of a loop nest that hardware needs: one index per dimension of an array, bounds of a loop
/// in the place of a condition. In: a nest. Out: expressions of it. Called by kernel.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>

namespace lathe {

/// Iterations that a loop runs: from first up to end.
struct fpga_range {
  ir::expr first = ir::none, end = ir::none;
};

namespace detail {

/// True for arrays in memory behind an AXI port.
inline bool is_off_chip(const ir::buffer& of) {
  return of.where == ir::scope::param || of.where == ir::scope::workspace;
}

/// Gives arrays on the chip as many dimensions as all accesses keep to, and their loads one index
/// for each. @returns the same of stores, by statement
LATHE_INLINE sequence<sequence<ir::expr>> give_dimensions(ir::nest& nest);

/// The iterations for which a condition on a loop's variable holds, if inequalities in which it
/// stands alone and once are all that it asks. Adds them to `exprs`.
LATHE_INLINE fpga_range range_where(ir::pool& exprs, ir::expr condition, ir::expr variable,
                                    ir::expr extent);

}  // namespace detail
}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/fpga/nest_forms.ipp>
#endif
