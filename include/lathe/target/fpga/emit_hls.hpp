/// @file
/// Hardware as Vitis HLS C++: source, test bench and script. In: a kernel (kernel.hpp). Out: texts.
///
/// The text is plain C++ with pragmas: no header of the tool is needed, so that it compiles and
/// runs anywhere. Arrays in the caller's memory and intermediates computed as a whole are AXI
/// ports, one bundle each; scalars are registers. Processes of a dataflow region are functions of
/// their own.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/fpga/device.hpp>
#include <lathe/target/fpga/kernel.hpp>

#include <string>

namespace lathe {

/// The files of a design. Their names without the ending are the kernel's.
struct hls_files {
  std::string name;       ///< of the top function, and of the files
  std::string source;     ///< NAME.cpp
  std::string testbench;  ///< NAME_tb.cpp: exit status 0 if the kernel computes what it should
  std::string script;     ///< NAME.tcl: C simulation, synthesis, export
};

/// The source alone. It defines `extern "C" void NAME(...)`: the operator's parameters in their
/// order, scalars by value, then one pointer for each intermediate that is kept in memory.
LATHE_INLINE std::string emit_hls(const fpga_kernel& kernel);

/// Name of the top function: the nest's name as an identifier of C++.
LATHE_INLINE std::string hls_name(const ir::nest& nest);

/// All files. @param naive  the nest of the same operator without a schedule: what the test bench
///     compares with
LATHE_INLINE hls_files emit_hls_files(const fpga_kernel& kernel, const ir::nest& naive,
                                      const fpga_device& device);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/fpga/emit_hls.ipp>
#endif
