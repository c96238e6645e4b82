/// @file
/// Bodies of operator_cost.hpp.
#pragma once

#include <lathe/target/fpga/operator_cost.hpp>

namespace lathe {
namespace detail {

LATHE_INLINE fpga_cost cost_of_float(opcode fn, bool wide) {
  switch (fn) {
    case opcode::add:
    case opcode::sub: return wide ? fpga_cost{8, 3, 700, 800} : fpga_cost{5, 2, 220, 230};
    case opcode::mul: return wide ? fpga_cost{6, 8, 250, 500} : fpga_cost{4, 3, 80, 130};
    case opcode::div: return wide ? fpga_cost{30, 0, 3200, 6000} : fpga_cost{15, 0, 800, 1400};
    case opcode::sqrt: return wide ? fpga_cost{30, 0, 1800, 3200} : fpga_cost{15, 0, 460, 800};
    case opcode::exp: return wide ? fpga_cost{20, 26, 2800, 4000} : fpga_cost{12, 7, 900, 900};
    case opcode::log: return wide ? fpga_cost{25, 20, 3000, 4500} : fpga_cost{14, 8, 1000, 1200};
    case opcode::pow:
    case opcode::tanh:
    case opcode::erf:
    case opcode::sin:
    case opcode::cos: return wide ? fpga_cost{40, 60, 6000, 8000} : fpga_cost{25, 16, 2500, 3000};
    case opcode::neg:
    case opcode::abs: return {0, 0, 1, 0};
    default: return {1, 0, wide ? 130 : 70, wide ? 70 : 40};  // comparisons, choices, rounding
  }
}

}  // namespace detail

LATHE_INLINE fpga_cost cost_of(opcode fn, dtype type) {
  if (is_float(type)) return detail::cost_of_float(fn, size_of(type) > 4);
  const int bits = 8 * static_cast<int>(size_of(type));
  switch (fn) {
    case opcode::mul: {
      if (bits <= 8) return {1, 0.5, 0, 20};
      if (bits <= 16) return {2, 1, 0, 30};
      const int pieces = (bits + 25) / 26 * ((bits + 16) / 17);
      return {3, static_cast<double>(pieces), 20 * pieces, 40 * pieces};
    }
    case opcode::div:
    case opcode::mod: return {bits + 4, 0, bits * bits, 2 * bits * bits};
    default: return {1, 0, bits, bits};
  }
}

}  // namespace lathe
