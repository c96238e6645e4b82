/// @file
/// Design-space exploration for FPGAs: explore_fpga() searches the schedules of an operator by the
/// analytic model and writes the best one as HLS C++. In: an operator and a device. Out: the
/// design, its estimate and its files. Nothing is synthesised, and no board or vendor tool is
/// needed; what the text computes can be checked by its test bench, how fast it is only by the tool
/// and a board.
#pragma once

#include <lathe/analysis/checked.hpp>
#include <lathe/analysis/describe.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/stop_flag.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/search/budget.hpp>
#include <lathe/search/evolve.hpp>
#include <lathe/space/fpga_space.hpp>
#include <lathe/target/fpga/device.hpp>
#include <lathe/target/fpga/emit_hls.hpp>
#include <lathe/target/fpga/model.hpp>

#include <array>
#include <cstdint>
#include <string>

namespace lathe {

/// How to explore.
struct fpga_options {
  fpga_device device = fpga_devices()[0];
  int trials = 2000;       ///< designs estimated at most, 1 to 5 ms each
  std::uint64_t seed = 1;  ///< of the search
  const stop_flag* cancel = nullptr;
};

/// The best design that was found.
struct fpga_found {
  std::string name;
  fpga_device device;
  trace steps;
  fpga_estimate estimate;    ///< by the loop tree
  fpga_estimate optimistic;  ///< by FlexTensor's formula
  double flops = 0;          ///< operations; a multiply-add counts as two
  double bytes = 0;          ///< of inputs and outputs, each once
  double least_seconds = 0;  ///< no design on the device is faster
  hls_files files;

  double space = 0;  ///< points of the space
  int trials = 0;    ///< designs estimated
  int pruned = 0;    ///< not even built: too many copies, or too large buffers
  std::array<int, failure_count> outcomes{};
  stop_reason stopped = stop_reason::exhausted;

  /// [10^9 operations/s]; a multiply-add counts as two
  double gflops() const { return flops / estimate.seconds / 1e9; }
};

/// What no design for a program may exceed on a device.
LATHE_INLINE fpga_limits fpga_limits_of(const program& of, const fpga_device& device);

/// How evolution searches here, where a trial takes a millisecond and designs that do not fit part
/// the space: few parents, changes of several sites at once, and new beginnings.
LATHE_INLINE evolve_options fpga_search();

/// Explores. @error LATHE-E351 if no design fits into the device
LATHE_INLINE result<fpga_found> explore_description(const desc_view& desc,
                                                    const fpga_options& options);

/// The design of a given schedule. @error LATHE-E2xx illegal trace
LATHE_INLINE result<fpga_found> design_description(const desc_view& desc, const trace& steps,
                                                   const fpga_device& device);

/// explore_description() of an operator.
/// @error E027 to E058 for extents and shapes, LATHE-E351
template <class Operation>
result<fpga_found> try_explore_fpga(const Operation& operation, const fpga_options& options = {}) {
  const auto described = describe(operation);
  if (!described.valid()) return error_of(described.problem);
  return explore_description(described, options);
}

/// try_explore_fpga(), or its error raised.
template <class Operation>
fpga_found explore_fpga(const Operation& operation, const fpga_options& options = {}) {
  return try_explore_fpga(operation, options).value();
}

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/fpga.ipp>
#endif
