/// @file
/// A hardware design as the model sees it, as plain data: a tree of loops with their pragmas, the
/// arrays they use, and the operations of the statements. In: made from a scheduled loop nest
/// (nest_design.hpp), or written by hand. Out: model.hpp estimates cycles and resources.
#pragma once

#include <lathe/core/dtype.hpp>
#include <lathe/core/opcode.hpp>
#include <lathe/core/sequence.hpp>

#include <cstdint>
#include <string>

namespace lathe {

/// Where an array of a design is.
enum class fpga_storage : unsigned char {
  memory,     ///< off the chip, behind an AXI port
  bram,       ///< block RAM
  uram,       ///< UltraRAM
  registers,  ///< every element on its own
};

/// One array.
struct fpga_array {
  std::string name;
  dtype type{};
  sequence<std::int64_t> shape;  ///< elements per dimension, the last one contiguous
  sequence<std::int64_t> banks;  ///< per dimension: banks, cyclic; empty = one
  fpga_storage storage = fpga_storage::bram;
  int ports = 2;                 ///< of a bank: accesses per cycle
  bool double_buffered = false;  ///< two copies: one is filled while the other is used
  int bundle = 0;                ///< in memory: number of the AXI port
};

/// How the index of one dimension moves with a loop: by `step` elements per iteration.
struct fpga_stride {
  int dimension = 0;
  int loop = 0;  ///< index into fpga_design::nodes
  std::int64_t step = 1;
  friend bool operator==(const fpga_stride&, const fpga_stride&) = default;
};

/// One read or write.
struct fpga_access {
  int array = 0;
  bool write = false;
  sequence<fpga_stride> strides;   ///< loops that are not named do not move it
  sequence<std::int64_t> offsets;  ///< per dimension: constant part of the index; empty = 0
  bool irregular = false;          ///< the index is no sum of loop variables: any bank, any address
  bool conditional = false;        ///< in a branch: the tool makes no burst and no wide word of it
};

/// Operations of one kind.
struct fpga_operation {
  opcode fn{};
  dtype type{};
  int count = 1;
};

/// A loop, or a statement: a leaf of the tree.
struct fpga_node {
  std::string name;
  bool loop = true;

  // -- loops
  bool fixed = true;        ///< always as many iterations; others are run, but not flattened
  std::int64_t trips = 1;   ///< iterations, all copies together
  std::int64_t unroll = 1;  ///< copies of the body; >= trips: unrolled completely
  bool pipelined = false;   ///< loops inside are unrolled completely
  bool dataflow = false;    ///< the children are processes that overlap
  sequence<int> children;

  // -- statements
  sequence<fpga_access> accesses;
  sequence<fpga_operation> operations;
  int depth = 0;  ///< latency of the longest path through the operations [cycles]
  /// The last access writes what a read of the same element is combined into; `carried` is the
  /// operation that combines.
  bool accumulates = false;
  fpga_operation carried;
  /// The text says after how many iterations an element is met again (a dependence pragma). Without
  /// it tools assume the next one wherever the array is in memory or block RAM.
  bool distance_stated = false;
};

/// A design: several roots run one after the other.
struct fpga_design {
  std::string name;
  sequence<fpga_array> arrays;
  sequence<fpga_node> nodes;
  sequence<int> roots;

  /// Adds a loop or statement; @returns its number.
  int add(fpga_node made) {
    nodes.push_back(static_cast<fpga_node&&>(made));
    return static_cast<int>(nodes.size()) - 1;
  }
  const fpga_node& operator[](int node) const { return nodes[static_cast<std::size_t>(node)]; }
  fpga_node& operator[](int node) { return nodes[static_cast<std::size_t>(node)]; }
  const fpga_array& array(int index) const { return arrays[static_cast<std::size_t>(index)]; }
};

}  // namespace lathe
