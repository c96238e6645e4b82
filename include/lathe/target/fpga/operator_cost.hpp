/// @file
/// What an arithmetic operator takes on an UltraScale+ device: latency and resources. In: operation
/// and element type. Called by the model.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/opcode.hpp>

namespace lathe {

/// One operator.
struct fpga_cost {
  int latency = 1;  ///< [cycles], at the 200 to 300 MHz of such designs
  double dsp = 0;   ///< DSP slices; a half where two operators share one
  int lut = 0;
  int ff = 0;
};

/// Sources: PG060 (floating-point operator): f32 multiplier 3 DSP and adder 2, f64 adder 3, f64
/// multiplier 8; UG579 (DSP48E2): a multiplier of 27 x 18 signed bits and a 48-bit accumulator, so
/// that a 32-bit product takes ceil(32/26) * ceil(32/17) = 4 and the sum after a product is free;
/// WP486: two products of bytes in one.
LATHE_INLINE fpga_cost cost_of(opcode fn, dtype type);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/fpga/operator_cost.ipp>
#endif
