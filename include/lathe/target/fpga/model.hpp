/// @file
/// The analytic model of FPGA designs. In: a design (design.hpp) and a device. Out: cycles,
/// resources, and what bounds them. Nothing is synthesised: figures are estimates.
///
/// - Pipelined loops: II (n - 1) + depth; n counts the iterations of all loops that flatten into
///   one (AMD UG1399).
/// - II = max(1, ResMII, RecMII) (Rau, MICRO 1994).
/// - ResMII: accesses to the busiest bank over its ports. A dimension whose unrolled accesses do
/// not
///   keep to the same banks in all iterations counts as one bank (cyclic partitioning: Wang et al.,
///   DAC 2013).
/// - RecMII: latency of the cycle over its distance; tools assume a distance of one where the text
///   states none (UG1399, pragma DEPENDENCE).
/// - Other loops: trips (body + 2). Copies of a loop that is unrolled around one that is not run in
///   sequence.
/// - DATAFLOW: (n - 1) max(R, C, W) + R + C + W: FlexTensor's rounds (Zheng et al., ASPLOS 2020,
///   section 5.3) with fill and drain.
/// - Memory: bytes over the widths of port and bank; a burst takes its latency, of which 16 overlap
///   (UG1399, AXI bursts).
/// - DSP, LUT, FF: operators (operator_cost.hpp) times unrolling; nothing is shared.
/// - BRAM: per bank ceil(bits / width) ceil(elements / depth) of 18 Kbit (UG573).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/fpga/design.hpp>
#include <lathe/target/fpga/device.hpp>

#include <cstdint>
#include <string>

namespace lathe {

/// Which formula counts the cycles.
enum class fpga_formula : unsigned char {
  loop_tree,  ///< the one above
  /// FlexTensor's: rounds x max(R, C, W), every loop with II 1, without conflicts, depth, bursts,
  /// fill and drain. An optimistic bound.
  flextensor
};

/// What decides the time of a design.
enum class fpga_bound : unsigned char {
  read,     ///< filling buffers from memory
  compute,  ///< the pipelined loops
  write,    ///< storing results
  memory    ///< the bandwidth of one bank, shared by its ports
};

/// "read", "compute", "write", "memory".
LATHE_INLINE const char* name_of(fpga_bound bound);

/// One pipelined loop.
struct fpga_pipeline {
  std::string loop;
  double iterations = 0;      ///< per start, with the loops that flatten into it
  std::int64_t copies = 1;    ///< of the body, by unrolling
  std::int64_t interval = 1;  ///< II [cycles]
  std::int64_t by_resources = 1, by_recurrence = 1;  ///< ResMII, RecMII [cycles]
  std::int64_t depth = 0;                            ///< [cycles]
  std::string conflict;                              ///< array whose banks decide ResMII; "" = none
};

/// An estimate.
struct fpga_estimate {
  double cycles = 0;
  double seconds = 0;                       ///< at the device's clock
  double read = 0, compute = 0, write = 0;  ///< cycles of the stages, one after the other [cycles]
  fpga_resources takes;
  fpga_bound bound = fpga_bound::compute;
  std::string excess;  ///< resource that is exceeded, with figures; "" = the design fits
  sequence<fpga_pipeline> pipelines;

  bool fits() const { return excess.empty(); }
};

/// Estimates a design. @complexity O(nodes * accesses)
LATHE_INLINE fpga_estimate estimate_fpga(const fpga_design& design, const fpga_device& device,
                                         fpga_formula formula = fpga_formula::loop_tree);

/// No design computes `operations` (a multiply-add is two) on `type` and moves `bytes` faster [s]:
/// the larger of the time of all DSP slices as multiply-adds and the time of all memory banks.
LATHE_INLINE double fpga_least_seconds(double operations, double bytes, dtype type,
                                       const fpga_device& device);

/// Block RAMs of 18 Kbit for one bank.
LATHE_INLINE std::int64_t bram18_of(std::int64_t elements, int bits);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/fpga/model.ipp>
#endif
