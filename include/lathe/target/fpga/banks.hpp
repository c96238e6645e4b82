/// @file
/// Partitions the arrays of a design. In: the loops, which of them are unrolled, and the accesses.
/// Out: banks per dimension and the kind of memory of every array on the chip. Called by
/// kernel.hpp.
///
/// Cyclic partitioning (Wang et al., DAC 2013): as many banks as copies of an access, so that they
/// meet different ones in every iteration; the loops that are not unrolled must move the index by
/// multiples of that. Where they do not, a small array is kept in flip-flops, and a large one has
/// one bank that the copies take turns at. Dimensions along which elements are moved within an
/// array are partitioned completely: the rows of a line buffer.
#pragma once

#include <lathe/config.hpp>
#include <lathe/target/fpga/design.hpp>
#include <lathe/target/fpga/device.hpp>

namespace lathe {

/// Decides for all arrays that are block RAM so far.
LATHE_INLINE void choose_banks(fpga_design& design, const fpga_device& device);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/fpga/banks.ipp>
#endif
