/// @file
/// Bodies of oracle.hpp.
#pragma once

#include <lathe/api/calls.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/lower/interpret.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/target/cpu/executable.hpp>
#include <lathe/target/cpu/vector_math.hpp>

#include <cmath>
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
    default: return {0, get(std::int64_t{})};
  }
}

LATHE_INLINE std::int64_t wrapped(std::int64_t value, dtype type) {
  switch (type) {
    case dtype::boolean: return value != 0;
    case dtype::i8: return static_cast<std::int8_t>(value);
    case dtype::u8: return static_cast<std::uint8_t>(value);
    case dtype::i32: return static_cast<std::int32_t>(value);
    default: return value;
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
      case ir::kind::floor_div:
        return {0, ir::detail::floor_quotient(evaluate(at.a).whole, at.imm)};
      case ir::kind::floor_mod: {
        const std::int64_t value = evaluate(at.a).whole;
        return {0, value - ir::detail::floor_quotient(value, at.imm) * at.imm};
      }
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
        return {0, wrapped(real ? static_cast<std::int64_t>(from.real) : from.whole, at.type)};
      }
      case ir::kind::unary: {
        const sampled value = evaluate(at.a);
        if (at.fn == opcode::logical_not) return {0, value.whole == 0};
        if (at.fn == opcode::neg) return {-value.real, wrapped(-value.whole, at.type)};
        return {std::fabs(value.real),
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
    const auto whole = [&](std::int64_t value) -> sampled { return {0, wrapped(value, at.type)}; };
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
          size = std::pow(larger(size, 2.0), terms);
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
    if (type == dtype::f32 && size > 0x1p24) exact_ = false;
    if (type == dtype::f64 && size > 0x1p53) exact_ = false;
  }

  double of(ir::expr handle) {
    const ir::node& at = of_.exprs[handle];
    if (!is_float(at.type)) {  // integers are exact whatever they are; only conversions need a size
      if (at.type == dtype::i8 || at.type == dtype::u8) return 256;
      const ir::interval range = at.type == dtype::i64 ? of_.exprs.range(handle) : ir::interval{};
      integer_parts(handle);
      return range.bounded()
                 ? static_cast<double>(larger(std::abs(range.low), std::abs(range.high)))
                 : 0x1p31;
    }
    double size = 0;
    switch (at.what) {
      case ir::kind::literal:
        size = std::fabs(at.num);
        if (std::isfinite(at.num) && at.num != std::floor(at.num)) exact_ = false;
        if (!std::isfinite(at.num)) size = 0;
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
    if (at.what == ir::kind::unary && is_math_function(at.fn)) exact_ = false;
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

/// Values an integer input may take so that every gather through it stays in range.
class gather_bounds {
 public:
  explicit gather_bounds(const program& of) : of_(of), uses_(of.tensors.size(), 0) {
    for (const program_stage& stage : of.stages)
      for (const ir::expr root : {stage.body, stage.epilogue})
        if (root != ir::none)
          for (const ir::expr load : loads_in(of.exprs, root))
            for (const ir::expr index : of.exprs.args(load))
              for (const ir::expr inner : loads_in(of.exprs, index))
                if (of.exprs[inner].imm >= 0)
                  uses_[static_cast<std::size_t>(of.exprs[inner].imm)] = 1;
  }

  bool is_index(int tensor) const { return uses_[static_cast<std::size_t>(tensor)] != 0; }

  /// Largest b such that values in [0, b) are safe.
  std::int64_t bound() const {
    std::int64_t low = 1, high = 1 << 20;
    while (low < high) {
      const std::int64_t middle = (low + high + 1) / 2;
      (safe(middle) ? low : high) = safe(middle) ? middle : middle - 1;
    }
    return low;
  }

 private:
  bool safe(std::int64_t values) const {
    for (const program_stage& stage : of_.stages)
      for (const ir::expr root : {stage.body, stage.epilogue}) {
        if (root == ir::none) continue;
        for (const ir::expr load : loads_in(of_.exprs, root)) {
          if (of_.exprs[load].imm < 0) continue;
          const auto& shape = of_.tensors[static_cast<std::size_t>(of_.exprs[load].imm)].shape;
          const auto indices = of_.exprs.args(load);
          for (std::size_t dim = 0; dim < indices.size(); ++dim) {
            if (loads_in(of_.exprs, indices[dim]).empty()) continue;
            const ir::interval range = of(indices[dim], values);
            if (range.low < 0 || range.high >= shape[dim]) return false;
          }
        }
      }
    return true;
  }

  ir::interval of(ir::expr handle, std::int64_t values) const {
    const ir::node& at = of_.exprs[handle];
    switch (at.what) {
      case ir::kind::linear: {
        ir::interval total{at.imm, at.imm};
        for (const ir::term& each : of_.exprs.terms(handle))
          total = ir::detail::sum(total, ir::detail::scaled(of(each.atom, values), each.coef));
        return total;
      }
      case ir::kind::floor_div: {
        const ir::interval inner = of(at.a, values);
        return {ir::detail::floor_quotient(inner.low, at.imm),
                ir::detail::floor_quotient(inner.high, at.imm)};
      }
      case ir::kind::floor_mod: {
        const ir::interval inner = of(at.a, values);
        if (inner.low >= 0 && inner.high < at.imm) return inner;
        return {0, at.imm - 1};
      }
      case ir::kind::cast: return of(at.a, values);
      case ir::kind::load: return {0, values - 1};
      default: return of_.exprs.range(handle);
    }
  }

  const program& of_;
  sequence<char> uses_;
};

LATHE_INLINE void fill_inputs(const program& of, argument_set& arguments, int magnitude,
                              std::uint64_t seed) {
  const gather_bounds gathers(of);
  random_engine engine(seed);
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    argument& one = arguments[at];
    if (one.what.output) continue;
    void* data = one.memory.data();
    if (gathers.is_index(static_cast<int>(at)))
      fill_indices(data, one.what.type, one.what.elements, gathers.bound(), engine);
    else if (magnitude > 0)
      fill_exact(data, one.what.type, one.what.elements, magnitude, engine);
    else
      fill_real(data, one.what.type, one.what.elements, true, engine);
  }
}

/// Extreme corners first, then random points.
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

/// Cost of sampling one element of a tensor [node evaluations, roughly].
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

/// Longest sum of a program and the largest error of the math functions in one term.
LATHE_INLINE std::pair<double, double> error_sources(const program& of) {
  double terms = 1, ulps = 0;
  for (const program_stage& stage : of.stages) {
    double count = 1;
    for (const program_axis& axis : stage.axes)
      if (axis.reduce) count *= static_cast<double>(axis.extent);
    terms = larger(terms, count);
  }
  for (std::size_t at = 0; at < of.exprs.size(); ++at) {
    const ir::node& value = of.exprs[static_cast<ir::expr>(at)];
    if (value.what == ir::kind::unary || value.what == ir::kind::binary)
      ulps += native::max_ulps(value.fn, true);
    if (value.what == ir::kind::call) ulps += 8;
  }
  return {terms, ulps};
}

}  // namespace detail

LATHE_INLINE int exact_inputs(const program& of) {
  for (const int magnitude : {2, 1})
    if (detail::exactness(of, magnitude).holds()) return magnitude;
  return 0;
}

LATHE_INLINE double sample(const program& of, int tensor, const sequence<std::int64_t>& point,
                           const sequence<const void*>& inputs) {
  const detail::sampled value = detail::sampler(of, inputs).element(tensor, point);
  return is_float(of.tensors[static_cast<std::size_t>(tensor)].type)
             ? value.real
             : static_cast<double>(value.whole);
}

LATHE_INLINE result<oracle> make_oracle(const program& of, const trace& estimate,
                                        const cpu_target& target, const native::jit& compiler,
                                        const pipeline_options& options, std::uint64_t seed,
                                        bool interpret_all) {
  const pipeline_options unbound{{}, options.strict_fp};
  result<ir::nest> plain = lower(of, {}, unbound);
  if (!plain) return plain.error();
  oracle out;
  out.arguments = std::make_unique<argument_set>(plan_of(*plain));
  const int magnitude = exact_inputs(of);
  detail::fill_inputs(of, *out.arguments, magnitude, seed);
  out.arguments->seal_inputs();

  sequence<int> outputs;
  for (int at = 0; at < of.param_count; ++at)
    if (of.tensors[static_cast<std::size_t>(at)].producer >= 0) outputs.push_back(at);
  const auto [terms, ulps] = detail::error_sources(of);
  for (const int at : outputs) {
    const program_tensor& tensor = of.tensors[static_cast<std::size_t>(at)];
    expectation wanted;
    wanted.name = tensor.name;
    wanted.type = tensor.type;
    wanted.extents = tensor.shape;
    wanted.terms = terms;
    wanted.function_ulps = ulps;
    out.wanted.push_back(std::move(wanted));
  }

  if (magnitude == 0 || interpret_all) {
    sequence<std::span<const std::byte>> inputs;
    for (std::size_t at = 0; at < out.arguments->size(); ++at)
      inputs.emplace_back((*out.arguments)[at].memory.data(),
                          static_cast<std::size_t>((*out.arguments)[at].memory.size()));
    const result<called_functions> calls = called_functions::make(of, compiler);
    if (!calls) return calls.error();
    interpretation answer = interpret(*plain, inputs, calls->functions());
    if (!answer.ok())
      return error("LATHE-E511", "the operator cannot be computed: " + answer.error);
    out.expected.resize(outputs.size());
    out.reference.resize(outputs.size());
    out.magnitude.resize(outputs.size());
    for (std::size_t at = 0; at < outputs.size(); ++at) {
      if (is_float(answer.outputs[at].type) && magnitude == 0) {
        out.reference[at] = std::move(answer.outputs[at].value);
        out.magnitude[at] = std::move(answer.outputs[at].magnitude);
        out.wanted[at].reference = out.reference[at];
        out.wanted[at].magnitude = out.magnitude[at];
      } else {
        out.expected[at] = to_elements(answer.outputs[at]);
        out.wanted[at].expected = out.expected[at];
      }
    }
    out.how = magnitude == 0 ? "interpreted in wide precision, compared within an error bound"
                             : "interpreted element by element; outputs compared bitwise";
    return out;
  }

  // Exact: run the default kernel once, prove it on sampled points.
  double work = 0;
  for (const program_stage& stage : of.stages) work += points_of(stage);
  const bool large = work > 3e8;
  result<compiled> kernel =
      compile_trace(of, large ? estimate : trace{}, target, compiler, unbound);
  if (!kernel) return kernel.error();
  result<native::executable> run =
      native::executable::make(std::move(kernel->plan), std::move(kernel->object), compiler, 1,
                               native::serial_parallel_for());
  if (!run) return run.error();
  sequence<void*> params;
  sequence<const void*> inputs;
  for (std::size_t at = 0; at < out.arguments->size(); ++at) {
    params.push_back((*out.arguments)[at].memory.data());
    inputs.push_back(params.back());
  }
  (*run)(params.data());

  random_engine engine(seed + 1);
  std::uint32_t checked = 0;
  for (std::size_t at = 0; at < outputs.size(); ++at) {
    const program_tensor& tensor = of.tensors[static_cast<std::size_t>(outputs[at])];
    const argument& argument = (*out.arguments)[static_cast<std::size_t>(outputs[at])];
    const double most = 4e6 / detail::sample_cost(of, outputs[at]);
    const auto count = static_cast<std::uint32_t>(clamped(most, 40.0, 2000.0));
    for (std::uint32_t number = 0; number < count; ++number, ++checked) {
      const sequence<std::int64_t> point = detail::sample_point(tensor.shape, number, engine);
      std::int64_t flat = 0;
      for (std::size_t dim = 0; dim < point.size(); ++dim)
        flat = flat * tensor.shape[dim] + point[dim];
      const double right = sample(of, outputs[at], point, inputs);
      const detail::sampled got = detail::read_element(argument.memory.data(), tensor.type, flat);
      const double value = is_float(tensor.type) ? got.real : static_cast<double>(got.whole);
      if (value != right)
        return error("LATHE-E510",
                     "the unscheduled kernel of '" + of.name + "' computes " + tensor.name + "[" +
                         std::to_string(flat) + "] = " + std::to_string(value) +
                         ", the interpreter " + std::to_string(right) +
                         ": this is a bug of lathe, please report it with the operator");
    }
    const std::byte* data = argument.memory.data();
    out.expected.emplace_back(data, data + argument.memory.size());
  }
  for (std::size_t at = 0; at < outputs.size(); ++at) out.wanted[at].expected = out.expected[at];
  out.how = std::string(large ? "estimate" : "default") + " kernel, proven by the interpreter at " +
            std::to_string(checked) + " points; outputs compared bitwise";
  return out;
}

}  // namespace lathe
