/// @file
/// Element values of a loop nest as LLVM IR: loads, stores, register tiles, arithmetic, lazy
/// selects. In: expressions and store statements. Out: instructions at the place being written. The
/// base of emit_llvm.ipp's emitter, which adds control flow.
///
/// `select` is lazy: while one of its branches is written, `guard_` is the condition under which it
/// is taken, and every load and division in it is made harmless where the guard does not hold.
#pragma once

#include <lathe/core/flat_map.hpp>
#include <lathe/target/cpu/llvm_tile.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace lathe::native::detail {

/// Writes element values and memory accesses.
class llvm_element_writer : protected llvm_tile_writer {
 protected:
  using llvm_tile_writer::llvm_tile_writer;
  ~llvm_element_writer() = default;

  /// Any expression.
  llvm_value value(ir::expr handle);
  void store(const ir::statement& at) { store(at, value(at.value)); }
  /// Stores a value that was made for the statement.
  void store(const ir::statement& at, llvm_value stored);
  void prefetch(const ir::statement& at);
  std::string masked_load(const llvm_value& what, const std::string& from, const std::string& align,
                          const std::string& mask);

  flat_map<std::string, llvm_value> loads_;  ///< loads still valid in the current block
  flat_map<std::pair<std::int32_t, std::int64_t>, llvm_value> slots_;  ///< register tiles
  std::string never_;  ///< name of a condition that is false, but not known to be
  std::string guard_;  ///< condition of the enclosing selects, "" = none
  int guard_lanes_ = 1;
  std::string guard_of_all_;  ///< what the guard asks of all lanes alike, "" = nothing

 private:
  llvm_value element(ir::expr handle) override;
  llvm_value load(ir::expr handle);
  llvm_value register_slot(const ir::node& at, ir::expr flat, bool lanes);
  std::pair<std::int32_t, std::int64_t> slot_of(std::int32_t index, ir::expr flat);
  std::string lane_mask();
  std::string opaque(const std::string& mask);
  std::string never(int lanes);
  std::string any_lane();
  llvm_value call(ir::expr handle);
  llvm_value call_if(const std::string& condition, const std::string& symbol, dtype type,
                     const sequence<llvm_value>& operands);
  llvm_value select(const ir::node& at);
  llvm_value guarded(ir::expr handle, const llvm_value& condition, bool holds);
  std::string condition_of_all(ir::expr condition);
  llvm_value safe_divisor(const llvm_value& divisor);
  void match(llvm_value& left, llvm_value& right);
  bool needs_guard(ir::expr handle) const;
};

}  // namespace lathe::native::detail

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/llvm_element.ipp>
#endif
