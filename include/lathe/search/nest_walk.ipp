/// @file
/// Bodies of nest_walk.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/nest_walk.hpp>

namespace lathe {
namespace detail {

/// Goes through a nest and collects its stores.
class nest_walker {
 public:
  explicit nest_walker(const ir::nest& of) : nest_(of), exprs_(of.exprs) {}

  sequence<walked_store> run() {
    for (const ir::phase& each : nest_.phases) walk(each.body);
    return std::move(stores_);
  }

 private:
  void walk(ir::stmt handle) {
    if (handle == ir::none) return;
    const ir::statement& at = nest_[handle];
    if (at.what == ir::stmt_kind::store) return store(at);
    const bool loop = at.what == ir::stmt_kind::loop;
    if (loop) {
      const ir::interval range = exprs_.range(at.extent);
      const auto extent = static_cast<double>(
          range.bounded() ? range.high : exprs_.variable_of(at.variable).extent);
      loops_.push_back({at.variable, larger(extent, 1.0), at.how, false});
    }
    for (const ir::stmt child : at.children) walk(child);
    if (loop) loops_.pop_back();
  }

  void store(const ir::statement& at) {
    walked_store made;
    made.loops = loops_;
    made.buffer = at.buffer;
    for (walked_loop& each : made.loops) each.reduce = !exprs_.depends_on(at.index, each.variable);
    touch(made, at.buffer, at.index, true);
    value(made, at.value);
    for (walked_buffer& each : made.buffers) measure(made, each);
    stores_.push_back(std::move(made));
  }

  static void touch(walked_store& made, std::int32_t buffer, ir::expr index, bool write) {
    walked_buffer* at = nullptr;
    for (walked_buffer& each : made.buffers)
      if (each.buffer == buffer) at = &each;
    if (at == nullptr) {
      made.buffers.push_back({});
      at = &made.buffers.back();
      at->buffer = buffer;
    }
    (write ? at->written : at->read) = true;
    if (!contains(at->indices, index)) at->indices.push_back(index);
  }

  /// Counts the operations of a value and notes what it loads. Index arithmetic is not counted:
  /// compilers hoist it.
  void value(walked_store& made, ir::expr handle) {
    if (handle == ir::none) return;
    const ir::node& at = exprs_[handle];
    auto& ops = is_float(at.type) ? made.float_ops : made.integer_ops;
    const auto count = [&](operation what) { ops[static_cast<std::size_t>(what)] += 1; };
    switch (at.what) {
      case ir::kind::load: {
        const std::span<const ir::expr> indices = exprs_.args(handle);
        if (at.imm >= 0 && !indices.empty())
          touch(made, static_cast<std::int32_t>(at.imm), indices[0], false);
        for (const ir::expr index : indices) gathered(made, index);
        return;
      }
      case ir::kind::unary:
        count(is_math_function(at.fn) ? operation::function : operation::other);
        return value(made, at.a);
      case ir::kind::binary: {
        if (at.fn == opcode::add || at.fn == opcode::sub) {
          // One operand that is a product: a multiply-add.
          const ir::expr product = is_product(at.b) ? at.b : is_product(at.a) ? at.a : ir::none;
          if (product != ir::none) {
            count(operation::multiply_add);
            value(made, exprs_[product].a);
            value(made, exprs_[product].b);
            return value(made, product == at.b ? at.a : at.b);
          }
          count(operation::add);
        } else if (at.fn == opcode::mul) {
          count(operation::multiply);
        } else if (at.fn == opcode::div || at.fn == opcode::mod) {
          count(operation::divide);
        } else if (is_comparison(at.fn)) {
          count(operation::compare);
        } else if (is_logical(at.fn)) {
          made.logic_ops += 1;
        } else {
          count(at.fn == opcode::pow ? operation::function : operation::other);
        }
        value(made, at.a);
        return value(made, at.b);
      }
      case ir::kind::select:
        made.selects += 1;
        value(made, at.a);
        value(made, at.b);
        return value(made, at.c);
      case ir::kind::cast: return value(made, at.a);
      case ir::kind::call:
        count(operation::function);
        for (const ir::expr each : exprs_.args(handle)) value(made, each);
        return;
      default: return;
    }
  }

  /// Loads inside an index: gathers.
  void gathered(walked_store& made, ir::expr index) {
    for (const ir::expr load : loads_in(index)) {
      const std::span<const ir::expr> indices = exprs_.args(load);
      if (exprs_[load].imm >= 0 && !indices.empty())
        touch(made, static_cast<std::int32_t>(exprs_[load].imm), indices[0], false);
    }
  }

  sequence<ir::expr> loads_in(ir::expr root) const {
    sequence<ir::expr> out, open{root};
    while (!open.empty()) {
      const ir::expr handle = open.back();
      open.pop_back();
      if (handle == ir::none) continue;
      const ir::node& at = exprs_[handle];
      if (at.what == ir::kind::load) out.push_back(handle);
      if (at.what == ir::kind::linear)
        for (const ir::term& each : exprs_.terms(handle)) open.push_back(each.atom);
      else
        for (const ir::expr each : {at.a, at.b, at.c}) open.push_back(each);
    }
    return out;
  }

  bool is_product(ir::expr handle) const {
    const ir::node& at = exprs_[handle];
    return at.what == ir::kind::binary && at.fn == opcode::mul;
  }

  void measure(const walked_store& made, walked_buffer& of) const {
    for (const walked_loop& each : made.loops) {
      double least = 0;
      for (const ir::expr index : of.indices) {
        const double stride = math::abs(stride_of(exprs_, index, each.variable));
        if (stride > 0 && (least == 0 || stride < least)) least = stride;
      }
      of.strides.push_back(least);
    }
    // Bounded by how many iterations move it, and by how far they move it.
    of.touched.assign(made.loops.size() + 1, 1);
    double product = 1, span = 1;
    for (std::size_t n = made.loops.size(); n-- > 0;) {
      if (of.strides[n] > 0) {
        product *= made.loops[n].extent;
        span += of.strides[n] * (made.loops[n].extent - 1);
      }
      of.touched[n] = smaller(product, span);
    }
    const auto apart = static_cast<double>(of.indices.size());
    for (double& each : of.touched) {
      const auto all =
          static_cast<double>(nest_.buffers[static_cast<std::size_t>(of.buffer)].elements);
      each = larger(1.0, smaller(each * apart, all));
    }
  }

  const ir::nest& nest_;
  const ir::pool& exprs_;
  sequence<walked_loop> loops_;
  sequence<walked_store> stores_;
};

}  // namespace detail

LATHE_INLINE double walked_store::operations() const {
  double sum = 0;
  for (const double each : float_ops) sum += each;
  for (const double each : integer_ops) sum += each;
  const auto multiply_add = static_cast<std::size_t>(operation::multiply_add);
  return sum + float_ops[multiply_add] + integer_ops[multiply_add];
}

LATHE_INLINE double walked_store::bytes_touched(const ir::nest& of, std::size_t first) const {
  double sum = 0;
  for (const walked_buffer& each : buffers)
    sum += each.touched[first] * size_of(of.buffers[static_cast<std::size_t>(each.buffer)].type);
  return sum;
}

LATHE_INLINE sequence<walked_store> stores_of(const ir::nest& of) {
  return detail::nest_walker(of).run();
}

LATHE_INLINE double stride_of(const ir::pool& exprs, ir::expr index, ir::expr variable) {
  if (index == ir::none) return 0;
  const ir::node& at = exprs[index];
  switch (at.what) {
    case ir::kind::linear: {
      double sum = 0;
      for (const ir::term& each : exprs.terms(index))
        sum += static_cast<double>(each.coef) * stride_of(exprs, each.atom, variable);
      return sum;
    }
    case ir::kind::variable:
      return exprs.variable_index(index) == exprs.variable_index(variable) ? 1 : 0;
    case ir::kind::floor_div: return stride_of(exprs, at.a, variable) / static_cast<double>(at.imm);
    case ir::kind::floor_mod:
      return math::fmod(stride_of(exprs, at.a, variable), static_cast<double>(at.imm));
    case ir::kind::load: {  // a gather goes anywhere: as far as its index moves, at least one
      for (const ir::expr each : exprs.args(index))
        if (stride_of(exprs, each, variable) != 0) return 1;
      return 0;
    }
    default: {
      double most = 0;
      for (const ir::expr each : {at.a, at.b, at.c}) {
        const double stride = stride_of(exprs, each, variable);
        if (math::abs(stride) > math::abs(most)) most = stride;
      }
      return most;
    }
  }
}

}  // namespace lathe
