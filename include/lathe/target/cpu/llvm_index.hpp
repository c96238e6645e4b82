/// @file
/// Index arithmetic of a loop nest as LLVM IR: loop variables, i64 expressions and addresses. In:
/// the nest's expressions and what is known of its loop variables. Out: SSA values, each computed
/// once in the outermost loop where its operands are known. A base of llvm_element.hpp's element
/// writer.
#pragma once

#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cpu/llvm_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lathe::native::detail {

/// What is known of a loop variable while its loop is being written.
struct bound_variable {
  enum class form : unsigned char { unbound, runtime, constant, vector } how = form::unbound;
  std::string name;        ///< runtime
  std::int64_t value = 0;  ///< constant
  std::size_t level = 0;   ///< runtime: level whose body binds it
};

/// Writes integers and addresses.
class llvm_index_writer : protected llvm_writer {
 protected:
  llvm_index_writer(const ir::nest& nest, const cpu_target& target, bool contract)
      : llvm_writer(target, contract), nest_(nest), exprs_(nest.exprs) {}
  ~llvm_index_writer() = default;

  /// How an expression may be kept: the level it belongs to, and what it depends on.
  struct dependence {
    std::size_t level = 0;
    bool constants = false;  ///< on an unrolled variable: differs between copies of the code
    bool lanes = false;      ///< on the vectorized variable
    bool element = false;  ///< contains loads or element arithmetic, which stay where they are used
  };

  /// A flat index taken apart: constant, summands per level, and the vector lanes' stride.
  struct address {
    std::string base;         ///< pointer without the constant part
    std::int64_t fixed = 0;   ///< [elements]
    std::int64_t stride = 0;  ///< between lanes; 0 = the same element
    llvm_value lanes;         ///< set if the lanes' offsets follow no stride
  };

  /// Keeps the first reason why the nest cannot be written.
  void refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
  }
  const ir::buffer& buffer(std::int64_t index) const {
    return nest_.buffers[static_cast<std::size_t>(index)];
  }
  bound_variable& bound(ir::expr variable) {
    return variables_[static_cast<std::size_t>(exprs_.variable_index(variable))];
  }

  /// Value of an integer or boolean expression if the constants bound so far decide it.
  std::optional<std::int64_t> known(ir::expr handle) const;
  /// What an expression depends on. O(size of the expression)
  dependence depends(ir::expr handle) const;
  /// Emits an i64 expression, scalar or per lane.
  llvm_value integer(ir::expr handle);
  /// True if an i64 expression is known to fit into 32 bits.
  bool is_narrow(ir::expr handle) const;
  /// Emits the last 32 bits of an i64 expression, per lane.
  llvm_value narrow_lanes(ir::expr handle);
  /// Emits any other expression.
  virtual llvm_value element(ir::expr handle) = 0;

  /// First element of a buffer.
  std::string pointer_of(std::int32_t index);
  address address_of(std::int32_t index, ir::expr flat);
  /// How far one iteration of a loop moves an index [elements]; nothing if not always as far.
  std::optional<std::int64_t> step_along(ir::expr flat, ir::expr loop) const;
  /// The element of `at`, or of its first lane, `more` elements further on.
  std::string pointer(std::int32_t index, const address& at, std::int64_t more = 0);
  /// One pointer per lane, for irregular accesses.
  std::string lane_pointers(std::int32_t index, const address& at);

  const ir::nest& nest_;
  const ir::pool& exprs_;
  sequence<std::int64_t> scratch_;  ///< offsets of scratch buffers [bytes]
  std::string entry_;               ///< start of the function
  sequence<bound_variable> variables_;
  flat_map<std::int32_t, std::string> pointers_;  ///< by buffer: what pointer_of() has written
  struct {
    int lanes = 1;
    std::int64_t active = 1;  ///< lanes in use, -1 = known at run time only
    std::string mask;         ///< "" = all lanes
  } vector_;                  ///< the vectorized loop that is being written
  std::string reason_;

 private:
  llvm_value scalar_integer(ir::expr handle, std::size_t level);
  llvm_value lanes_integer(ir::expr handle);
  llvm_value narrow_sum(std::span<const ir::term> terms, std::int64_t fixed);
  llvm_value lane_offsets(std::int32_t index, ir::expr flat);
  llvm_value floor_division(const ir::node& at, const llvm_value& inner, std::size_t level);
  int table_index(std::int32_t index) const;
};

}  // namespace lathe::native::detail

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/llvm_index.ipp>
#endif
