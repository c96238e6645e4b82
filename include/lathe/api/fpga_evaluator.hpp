/// @file
/// What a point of the FPGA space is worth: the model's time of its design. In: a program, its
/// space, a device. Out: observations for the search; nothing is run. Called by fpga.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/space/fpga_space.hpp>
#include <lathe/target/fpga/device.hpp>
#include <lathe/target/fpga/kernel.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace lathe {

/// The hardware of a schedule. @error LATHE-E2xx the trace is illegal
LATHE_INLINE result<fpga_kernel> fpga_kernel_of(const program& base, const trace& steps,
                                                const fpga_device& device);

/// Evaluates points by the model. A design that does not fit into the device is a failure of class
/// `limit`, whose reason names the resource.
class fpga_evaluator final : public evaluator {
 public:
  /// @param base    the program without a schedule; it, space and device must outlive the evaluator
  /// @param cancel  ends evaluations early; may be null
  fpga_evaluator(const program& base, const fpga_space& space, const fpga_device& device,
                 const stop_flag* cancel = nullptr)
      : base_(base), space_(space), device_(device), cancel_(cancel) {}

  LATHE_INLINE sequence<observation> evaluate(std::span<const point> points,
                                              double seconds) override;

 private:
  const program& base_;
  const fpga_space& space_;
  const fpga_device& device_;
  const stop_flag* cancel_;
};

/// The best point of a space and the number of designs in it that differ.
struct fpga_optimum {
  std::optional<observation> best;  ///< nothing if no design fits
  std::uint64_t designs = 0;        ///< evaluated: distinct and not pruned
};

/// Tries every point: to check searches, and for small operators.
/// @complexity  about a millisecond per design; @pre space.size() is small enough to wait for
LATHE_INLINE fpga_optimum enumerate_fpga(const fpga_space& space, evaluator& judge);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/fpga_evaluator.ipp>
#endif
