/// @file
/// Bodies of exactness.hpp.
#pragma once

#include <lathe/api/exactness.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>

#include <cstdint>

namespace lathe {
namespace detail {

/// Bounds of magnitudes: whether every value stays an exact integer of its type.
class exactness {
 public:
  exactness(const program& of, int magnitude) : of_(of), magnitude_(magnitude) {}

  bool holds() {
    bound_.assign(of_.tensors.size(), magnitude_);
    for (const program_stage& stage : of_.stages) {
      double size = of(stage.body);
      if (stage.reduction) {
        double terms = 1;
        for (const program_axis& axis : stage.axes)
          if (axis.reduce) terms *= static_cast<double>(axis.extent);
        const ir::node& how = of_.exprs[stage.combine];
        const bool sum =
            how.what == ir::kind::linear || (how.what == ir::kind::binary && how.fn == opcode::add);
        const bool extreme =
            how.what == ir::kind::binary && (how.fn == opcode::min || how.fn == opcode::max);
        if (sum) {
          size *= terms;
        } else if (!extreme) {
          if (terms > 20) return false;  // products and user-defined combiners grow with every term
          size = math::pow(larger(size, 2.0), terms);
        }
        check(of_.exprs[stage.identity].type, size);
        accumulated_ = size;
        size = of(stage.epilogue);
      }
      check(of_.tensors[static_cast<std::size_t>(stage.tensor)].type, size);
      bound_[static_cast<std::size_t>(stage.tensor)] = size;
    }
    return exact_;
  }

 private:
  void check(dtype type, double size) {
    if (is_float(type) && size > static_cast<double>(std::int64_t{1} << digits_of(type)))
      exact_ = false;
  }

  double of(ir::expr handle) {
    const ir::node& at = of_.exprs[handle];
    if (!is_float(at.type)) {  // integers are exact whatever they are; only conversions need a size
      integer_parts(handle);
      if (at.type == dtype::i8 || at.type == dtype::u8) return 256;
      const ir::interval range = at.type == dtype::i64 ? of_.exprs.range(handle) : ir::interval{};
      return range.bounded()
                 ? static_cast<double>(larger(math::abs(range.low), math::abs(range.high)))
                 : 0x1p31;
    }
    double size = 0;
    switch (at.what) {
      case ir::kind::literal:
        size = math::abs(at.num);
        if (math::isfinite(at.num) && at.num != math::floor(at.num)) exact_ = false;
        if (!math::isfinite(at.num)) size = 0;
        break;
      case ir::kind::load:
        size = at.imm == accumulated
                   ? accumulated_
                   : bound_[static_cast<std::size_t>(larger<std::int64_t>(at.imm, 0))];
        break;
      case ir::kind::unary:
        size = of(at.a);
        if (at.fn != opcode::neg && at.fn != opcode::abs) exact_ = false;
        break;
      case ir::kind::binary: {
        const double left = of(at.a), right = of(at.b);
        switch (at.fn) {
          case opcode::add:
          case opcode::sub: size = left + right; break;
          case opcode::mul: size = left * right; break;
          case opcode::min:
          case opcode::max: size = larger(left, right); break;
          default: exact_ = false;
        }
        break;
      }
      case ir::kind::select:
        of(at.a);
        size = larger(of(at.b), of(at.c));
        break;
      case ir::kind::cast: size = of(at.a); break;
      default: exact_ = false;
    }
    check(at.type, size);
    return size;
  }

  /// Floats inside integer expressions (casts) must be exact too; integer functions must be known.
  void integer_parts(ir::expr handle) {
    const ir::node& at = of_.exprs[handle];
    if (at.what == ir::kind::call) exact_ = false;
    if (at.what == ir::kind::binary && (at.fn == opcode::div || at.fn == opcode::mod) &&
        (!of_.exprs.is_constant(at.b) || of_.exprs.constant_value(at.b) == 0))
      exact_ = false;  // it may be zero
    if (at.what == ir::kind::unary && is_math_function(at.fn)) exact_ = false;
    for (const ir::term& each : of_.exprs.terms(handle)) of(each.atom);
    if (at.what == ir::kind::floor_div || at.what == ir::kind::floor_mod) of(at.a);
    if (at.what == ir::kind::cast || at.what == ir::kind::binary || at.what == ir::kind::unary ||
        at.what == ir::kind::select) {
      for (const ir::expr each : {at.a, at.b, at.c})
        if (each != ir::none) of(each);
    }
  }

  const program& of_;
  double magnitude_;
  sequence<double> bound_;
  double accumulated_ = 0;
  bool exact_ = true;
};

}  // namespace detail

LATHE_INLINE int exact_inputs(const program& of) {
  for (const int magnitude : {2, 1})
    if (detail::exactness(of, magnitude).holds()) return magnitude;
  return 0;
}

}  // namespace lathe
