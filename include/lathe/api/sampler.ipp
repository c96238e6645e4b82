/// @file
/// Bodies of sampler.hpp.
#pragma once

#include <lathe/api/sampler.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/wide_number.hpp>
#include <lathe/space/reuse.hpp>

#include <cstddef>
#include <cstring>

namespace lathe {
namespace detail {

/// A number as the sampler carries it: floats in double, integers exactly.
struct sampled {
  double real = 0;
  std::int64_t whole = 0;
};

LATHE_INLINE sampled read_element(const void* data, dtype type, std::int64_t at) {
  const auto get = [&](auto kind) {
    decltype(kind) value;
    std::memcpy(&value,
                static_cast<const std::byte*>(data) + at * static_cast<std::int64_t>(sizeof value),
                sizeof value);
    return value;
  };
  switch (type) {
    case dtype::boolean:
    case dtype::u8: return {0, get(std::uint8_t{})};
    case dtype::i8: return {0, get(std::int8_t{})};
    case dtype::i32: return {0, get(std::int32_t{})};
    case dtype::f32: return {static_cast<double>(get(float{})), 0};
    case dtype::f64: return {get(double{}), 0};
    case dtype::bf16: return {static_cast<double>(get(bf16{})), 0};
    case dtype::f16: return {static_cast<double>(get(f16{})), 0};
    default: return {0, get(std::int64_t{})};
  }
}

/// Evaluates single elements of a program by recursion over its stages.
class sampler {
 public:
  sampler(const program& of, const sequence<const void*>& inputs)
      : of_(of), inputs_(inputs), values_(of.exprs.variable_count(), 0) {}

  sampled element(int tensor, const sequence<std::int64_t>& point) {
    const program_tensor& at = of_.tensors[static_cast<std::size_t>(tensor)];
    if (at.producer < 0) {
      std::int64_t flat = 0;
      for (std::size_t dim = 0; dim < point.size(); ++dim) flat = flat * at.shape[dim] + point[dim];
      return read_element(inputs_[static_cast<std::size_t>(at.param)], at.type, flat);
    }
    const program_stage& stage = of_.stages[static_cast<std::size_t>(at.producer)];
    const sequence<std::int64_t> outer = values_;
    for (std::size_t axis = 0; axis < point.size(); ++axis) set(stage.axes[axis], point[axis]);
    sampled out;
    if (stage.reduction) {
      total_ = evaluate(stage.identity);
      sampled total = total_;
      reduce(stage, static_cast<std::size_t>(stage.spatial), total);
      total_ = total;
      out = evaluate(stage.epilogue);
    } else {
      out = evaluate(stage.body);
    }
    values_ = outer;
    return out;
  }

 private:
  void set(const program_axis& axis, std::int64_t value) {
    values_[static_cast<std::size_t>(of_.exprs.variable_index(axis.variable))] = value;
  }

  void reduce(const program_stage& stage, std::size_t axis, sampled& total) {
    if (axis == stage.axes.size()) {
      const sampled term = evaluate(stage.body);
      total_ = total;
      term_ = term;
      total = evaluate(stage.combine);
      return;
    }
    for (std::int64_t value = 0; value < stage.axes[axis].extent; ++value) {
      set(stage.axes[axis], value);
      reduce(stage, axis + 1, total);
    }
  }

  sampled evaluate(ir::expr handle) {
    const ir::node& at = of_.exprs[handle];
    switch (at.what) {
      case ir::kind::linear: {
        std::int64_t sum = at.imm;
        for (const ir::term& each : of_.exprs.terms(handle))
          sum += each.coef * evaluate(each.atom).whole;
        return {0, sum};
      }
      case ir::kind::variable: return {0, values_[static_cast<std::size_t>(at.imm)]};
      case ir::kind::floor_div: return {0, floor_div(evaluate(at.a).whole, at.imm)};
      case ir::kind::floor_mod: return {0, floor_mod(evaluate(at.a).whole, at.imm)};
      case ir::kind::literal: return {at.num, at.imm};
      case ir::kind::load: {
        if (at.imm == accumulated) return total_;
        if (at.imm == new_term) return term_;
        sequence<std::int64_t> point;
        const sequence<ir::expr> indices(of_.exprs.args(handle).begin(),
                                         of_.exprs.args(handle).end());
        for (const ir::expr index : indices) point.push_back(evaluate(index).whole);
        const sampled total = total_, term = term_;
        const sampled out = element(static_cast<int>(at.imm), point);
        total_ = total;
        term_ = term;
        return out;
      }
      case ir::kind::select: return evaluate(evaluate(at.a).whole != 0 ? at.b : at.c);
      case ir::kind::cast: {
        const sampled from = evaluate(at.a);
        const bool real = is_float(of_.exprs[at.a].type);
        if (is_float(at.type)) return {real ? from.real : static_cast<double>(from.whole), 0};
        return {0, wrapped(at.type, real ? static_cast<std::int64_t>(from.real) : from.whole)};
      }
      case ir::kind::unary: {
        const sampled value = evaluate(at.a);
        if (at.fn == opcode::logical_not) return {0, value.whole == 0};
        if (at.fn == opcode::neg) return {-value.real, wrapped(at.type, -value.whole)};
        return {math::abs(value.real),
                value.whole < 0 ? -value.whole : value.whole};  // abs: see exact_inputs
      }
      case ir::kind::binary: return binary(at);
      case ir::kind::call: return {};  // never exact
    }
    return {};
  }

  sampled binary(const ir::node& at) {
    const sampled left = evaluate(at.a), right = evaluate(at.b);
    const bool real = is_float(of_.exprs[at.a].type);
    const auto holds = [&](auto compare) -> sampled {
      return {0, real ? compare(left.real, right.real) : compare(left.whole, right.whole)};
    };
    const auto whole = [&](std::int64_t value) -> sampled { return {0, wrapped(at.type, value)}; };
    switch (at.fn) {
      case opcode::add:
        return real ? sampled{left.real + right.real, 0} : whole(left.whole + right.whole);
      case opcode::sub:
        return real ? sampled{left.real - right.real, 0} : whole(left.whole - right.whole);
      case opcode::mul:
        return real ? sampled{left.real * right.real, 0} : whole(left.whole * right.whole);
      case opcode::div: return whole(left.whole / right.whole);
      case opcode::mod: return whole(left.whole % right.whole);
      case opcode::min:
        return real ? sampled{smaller(left.real, right.real), 0}
                    : whole(smaller(left.whole, right.whole));
      case opcode::max:
        return real ? sampled{larger(left.real, right.real), 0}
                    : whole(larger(left.whole, right.whole));
      case opcode::less: return holds([](auto a, auto b) { return a < b; });
      case opcode::less_equal: return holds([](auto a, auto b) { return a <= b; });
      case opcode::greater: return holds([](auto a, auto b) { return a > b; });
      case opcode::greater_equal: return holds([](auto a, auto b) { return a >= b; });
      case opcode::equal: return holds([](auto a, auto b) { return a == b; });
      case opcode::not_equal: return holds([](auto a, auto b) { return a != b; });
      case opcode::logical_and: return {0, left.whole != 0 && right.whole != 0};
      case opcode::logical_or: return {0, left.whole != 0 || right.whole != 0};
      default: return {};
    }
  }

  const program& of_;
  const sequence<const void*>& inputs_;
  sequence<std::int64_t> values_;  ///< by variable
  sampled total_, term_;
};

}  // namespace detail

LATHE_INLINE double element_of(const void* data, dtype type, std::int64_t at) {
  const detail::sampled element = detail::read_element(data, type, at);
  return is_float(type) ? element.real : static_cast<double>(element.whole);
}

LATHE_INLINE double sample(const program& of, int tensor, const sequence<std::int64_t>& point,
                           const sequence<const void*>& inputs) {
  const detail::sampled value = detail::sampler(of, inputs).element(tensor, point);
  return is_float(of.tensors[static_cast<std::size_t>(tensor)].type)
             ? value.real
             : static_cast<double>(value.whole);
}

LATHE_INLINE double sample_cost(const program& of, int tensor) {
  const int producer = of.tensors[static_cast<std::size_t>(tensor)].producer;
  if (producer < 0) return 1;
  const program_stage& stage = of.stages[static_cast<std::size_t>(producer)];
  double inner = 4, terms = 1;
  for (const ir::expr load : loads_in(of.exprs, stage.body))
    if (of.exprs[load].imm >= 0) inner += sample_cost(of, static_cast<int>(of.exprs[load].imm));
  for (const program_axis& axis : stage.axes)
    if (axis.reduce) terms *= static_cast<double>(axis.extent);
  return inner * terms;
}

LATHE_INLINE sequence<std::int64_t> sample_point(const sequence<std::int64_t>& shape,
                                                 std::uint32_t number, random_engine& engine) {
  sequence<std::int64_t> point;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    const bool corner = number < (1U << smaller<std::size_t>(shape.size(), 5));
    point.push_back(
        corner ? ((number >> dim & 1U) != 0 ? shape[dim] - 1 : 0)
               : static_cast<std::int64_t>(engine.below(static_cast<std::uint32_t>(shape[dim]))));
  }
  return point;
}

}  // namespace lathe
