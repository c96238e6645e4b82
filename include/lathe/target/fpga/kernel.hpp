/// @file
/// A loop nest as hardware: which loops are pipelined, which parts of a body overlap, how arrays
/// are partitioned. In: a scheduled nest and a device. Out: the design that model.hpp judges and
/// the structure that emit_hls.hpp writes; both read the same decisions.
///
/// What is decided beforehand (FlexTensor, Zheng et al., ASPLOS 2020, section 5.3: read, compute
/// and write form a pipeline) and therefore no primitive:
/// - a loop is pipelined if all loops inside of it are unrolled, and it is not;
/// - a condition that is all of a loop's body becomes the bounds of the loop;
/// - the statements of a loop's body become processes that overlap (DATAFLOW) where each array has
///   one that writes and at most one other that reads it; buffers between them are doubled;
/// - an array has as many banks as unrolled copies address at the same time.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/target/fpga/design.hpp>
#include <lathe/target/fpga/device.hpp>
#include <lathe/target/fpga/nest_forms.hpp>

#include <string>

namespace lathe {

/// Statements that one function computes.
struct fpga_process {
  std::string name;  ///< "read_Ab", "compute_C", "write_C"
  sequence<ir::stmt> statements;
};

/// See the head of this file.
struct fpga_kernel {
  /// Loads from and stores to arrays on the chip have one index per dimension of the array.
  ir::nest nest;
  fpga_design design;                          ///< arrays in order of nest.buffers
  sequence<int> node_of;                       ///< by statement: loop or leaf; -1 = none
  sequence<sequence<ir::expr>> store_index;    ///< by statement: of stores, one per dimension
  sequence<ir::stmt> declared_in;              ///< by buffer: the loop that an array belongs to;
                                               ///< none = a whole phase, or memory
  sequence<sequence<fpga_process>> processes;  ///< by statement: of loops that are dataflow regions
  /// By statement: loops whose body is a condition on their own variable run the iterations for
  /// which it holds instead, so that what they read stays one burst; none = all.
  sequence<fpga_range> runs;
  /// By statement, of leaves that accumulate: iterations of the pipelined loop after which an
  /// element is met again; 0 = not within the nest that is pipelined, -1 = not known.
  sequence<std::int64_t> distance;
};

/// Decides. @pre verify(nest) is empty
LATHE_INLINE fpga_kernel make_fpga_kernel(ir::nest nest, const fpga_device& device);

namespace detail {

/// The statements of a body, blocks in it dissolved.
LATHE_INLINE sequence<ir::stmt> fpga_body(const ir::nest& nest, const sequence<ir::stmt>& list);

}  // namespace detail
}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/fpga/kernel.ipp>
#endif
