/// @file
/// Strided vector accesses as tiles: while an unrolled loop is written out, its vectors with a
/// stride between lanes that lie next to each other in memory are the columns of a tile whose rows
/// are contiguous. In: single loads and stores. Out: contiguous loads or stores of the rows, and
/// shuffles that transpose them in registers, at about 0.2 cycles per element instead of one or
/// more. Transposing copies profit, and stores of results that lie across the vectorized axis.
///
/// Rows move in pieces of 128 bits: then loads and stores do what crosses the 128-bit parts of a
/// register, and every shuffle stays inside of them, which is one fast instruction on each
/// instruction set.
#pragma once

#include <lathe/core/flat_map.hpp>
#include <lathe/target/cpu/llvm_index.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lathe::native::detail {

/// Writes tiles of vectors.
class llvm_tile_writer : protected llvm_index_writer {
 protected:
  using llvm_index_writer::llvm_index_writer;
  ~llvm_tile_writer() = default;

  /// Tells that an unrolled loop begins; unless its body is straight code, nothing comes of it.
  void open_unrolled(const ir::statement& loop, std::int64_t extent);
  /// Tells that it ends, innermost first. Writes the stores put off in it.
  void close_unrolled(const ir::statement& loop);

  /// A strided load as column of a tile, which is loaded with its first column. Nothing if the
  /// loads of the other iterations do not lie beside it, or might not be allowed.
  std::optional<llvm_value> load_column(std::int32_t index, ir::expr flat, const address& where);
  /// A load with a short stride as contiguous ones and shuffles: of nothing before its first
  /// element and behind its last. Nothing if the stride is longer, or too few lanes are in use.
  std::optional<llvm_value> load_strided(std::int32_t index, const address& where);
  /// Puts off a strided store until the columns beside it are known. False: it must be written.
  bool store_column(const ir::statement& at, const address& where, const llvm_value& stored);
  /// Writes what was put off for a buffer, whose elements are about to be read or written.
  void flush(std::int32_t index);
  /// The first lanes of a value, or the value with zeros in the lanes after its own.
  llvm_value with_lanes(const llvm_value& value, int lanes);

  int conditional_ = 0;  ///< open selects that take a known branch in this iteration alone

 private:
  struct open_loop {
    ir::expr variable;
    std::int64_t extent;
  };
  /// Where a column lies among those that an unrolled loop puts next to each other.
  struct neighbours {
    std::int64_t before = 0;  ///< columns of the tile before this one
    std::int64_t count = 1;
  };
  struct column {
    std::int32_t buffer;
    address where;
    llvm_value value;
    std::int64_t rows;
  };

  bool is_straight(const sequence<ir::stmt>& list) const;
  void collect_stored(const sequence<ir::stmt>& list);
  std::optional<open_loop> loop_along(ir::expr flat) const;
  neighbours neighbours_of(std::int32_t index, ir::expr flat, const address& where) const;
  std::int64_t block_of(std::int64_t columns, int lanes, int element_bytes) const;
  void load_tile(std::int32_t index, const address& first, std::int64_t columns,
                 const std::string& key);
  void store_tile(const column* columns, std::int64_t count);
  void flush_all();
  llvm_value interleaved(const column* columns, std::int64_t count);
  void transpose(sequence<llvm_value>& block);
  llvm_value shuffle(const llvm_value& left, const std::string& right,
                     const sequence<std::int64_t>& picked);

  sequence<open_loop> straight_;               ///< open unrolled loops of straight code
  flat_set<std::int32_t> stored_;              ///< buffers that the outermost of them writes
  flat_map<std::string, llvm_value> columns_;  ///< loaded in it
  sequence<column> pending_;                   ///< stores put off in it
};

}  // namespace lathe::native::detail

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/llvm_tile.ipp>
#endif
