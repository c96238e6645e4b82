/// @file
/// Which elements the lanes of a vectorized loop touch. In: the expressions of a nest and the loop.
/// Out: whether one access of 8 or 16 bytes does for all lanes.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>

#include <cstdint>

namespace lathe::detail {

/// A value that is the same load in every lane, one element further each: `load`, or under a
/// conditions that all lanes share `conditions ? load : otherwise`.
struct lane_copy {
  ir::expr load = ir::none;
  sequence<ir::expr> conditions;  ///< all of which hold where it is the load
  ir::expr otherwise = ir::none;
};

/// Questions about one vectorized loop.
class lane_access {
 public:
  /// @param lanes  trip count of the loop
  lane_access(const ir::pool& exprs, ir::expr variable, std::int64_t lanes)
      : exprs_(exprs), variable_(variable), lanes_(lanes) {}

  std::int64_t count() const { return lanes_; }
  /// Bytes of all lanes, 0 if there is no access of that size.
  std::int64_t bytes(std::int64_t element) const {
    const std::int64_t all = lanes_ * element;
    return all == 8 || all == 16 ? all : 0;
  }
  /// True if the elements lie side by side, the first at a multiple of all.
  bool is_contiguous(ir::expr index, std::int64_t element) const {
    return bytes(element) != 0 && begins_aligned(index);
  }
  /// True if a condition is the same in all lanes.
  LATHE_INLINE bool is_uniform(ir::expr condition) const;
  /// The copy that a value is; without load if it is something else.
  LATHE_INLINE lane_copy copied(ir::expr value) const;

 private:
  LATHE_INLINE bool begins_aligned(ir::expr index) const;

  const ir::pool& exprs_;
  ir::expr variable_;
  std::int64_t lanes_;
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/lane_access.ipp>
#endif
