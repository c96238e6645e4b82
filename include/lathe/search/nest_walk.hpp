/// @file
/// What a loop nest does, as numbers: for each store its loops, its operations and the memory it
/// touches. In: ir::nest. Out: one record per store. Called by statement_features.ipp and
/// loop_features.ipp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// One loop around a store.
struct walked_loop {
  ir::expr variable = ir::none;
  double extent = 1;  ///< most iterations
  ir::loop_kind how{};
  bool reduce = false;  ///< the element that is stored does not depend on it
};

/// All elements of one buffer that a store reads or writes.
struct walked_buffer {
  std::int32_t buffer = 0;
  bool read = false, written = false;
  sequence<ir::expr> indices;  ///< flat, each different one once
  sequence<double> strides;    ///< per loop: elements from one iteration to the next, the least
                               ///< of the indices that move; 0 = none does
  sequence<double> touched;    ///< per loop: elements that one iteration of the loop around it
                               ///< touches, i.e. this loop and those inside; then 1
};

/// Kinds of operations that are counted.
enum class operation : unsigned char {
  multiply_add,
  add,
  multiply,
  divide,
  compare,
  function,
  other,
  count
};

/// One store statement.
struct walked_store {
  sequence<walked_loop> loops;  ///< outermost first
  std::int32_t buffer = 0;
  sequence<walked_buffer> buffers;
  /// Of one execution, on floating-point numbers and on integers.
  std::array<double, static_cast<std::size_t>(operation::count)> float_ops{}, integer_ops{};
  double logic_ops = 0, selects = 0;

  /// Product of the extents of loops [first, last).
  double iterations(std::size_t first, std::size_t last) const {
    double product = 1;
    for (std::size_t n = first; n < last; ++n) product *= loops[n].extent;
    return product;
  }
  double executions() const { return iterations(0, loops.size()); }
  /// Arithmetic operations of one execution; a multiply-add is two.
  LATHE_INLINE double operations() const;
  /// Bytes that all buffers together touch in loops [first, end).
  LATHE_INLINE double bytes_touched(const ir::nest& of, std::size_t first) const;
};

/// Every store of a nest, in order of appearance.
LATHE_INLINE sequence<walked_store> stores_of(const ir::nest& of);

/// Elements that an index moves by when a variable grows by one; quotients move by a share of one.
LATHE_INLINE double stride_of(const ir::pool& exprs, ir::expr index, ir::expr variable);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/nest_walk.ipp>
#endif
