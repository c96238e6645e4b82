/// @file
/// Bodies of program.hpp: from the flat description to stages that can be scheduled.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/program.hpp>

#include <limits>

namespace lathe {

LATHE_INLINE int program_stage::find_loop(std::string_view loop) const {
  for (std::size_t at = 0; at < loops.size(); ++at)
    if (loops[at].name == loop) return static_cast<int>(at);
  return -1;
}

LATHE_INLINE bool program_stage::is_narrowed() const {
  return has_phases() ||
         any_of(axes, [](const program_axis& each) { return each.size != ir::none; });
}

LATHE_INLINE bool program_stage::is_padded() const {
  return any_of(axes, [](const program_axis& each) { return each.inside != 0; });
}

LATHE_INLINE bool program_stage::is_cooperative() const {
  return attach_stage >= 0 &&
         any_of(loops, [](const stage_loop& each) { return each.how == ir::loop_kind::thread; });
}

LATHE_INLINE bool program::is_sum(const program_stage& stage) const {
  const ir::node& sum = exprs[stage.combine];
  const auto is_load_of = [&](ir::expr value, std::int32_t buffer) {
    return exprs[value].what == ir::kind::load && exprs[value].imm == buffer;
  };
  return sum.what == ir::kind::binary && sum.fn == opcode::add && is_load_of(sum.a, accumulated) &&
         is_load_of(sum.b, new_term);
}

LATHE_INLINE int program::find_stage(std::string_view stage) const {
  for (std::size_t at = 0; at < stages.size(); ++at)
    if (stages[at].name == stage && !stages[at].inlined) return static_cast<int>(at);
  return -1;
}

LATHE_INLINE int program::find_tensor(std::string_view tensor) const {
  for (std::size_t at = 0; at < tensors.size(); ++at)
    if (tensors[at].name == tensor) return static_cast<int>(at);
  return -1;
}

LATHE_INLINE bool divides_integers(const ir::pool& exprs, ir::expr root) {
  return any_of(nodes_in(exprs, root, ir::kind::binary), [&](ir::expr each) {
    const ir::node& at = exprs[each];
    const bool divides = at.fn == opcode::div || at.fn == opcode::mod ||
                         at.fn == opcode::floor_div || at.fn == opcode::floor_mod;
    return divides && !is_float(at.type) &&
           !(exprs.is_constant(at.b) && exprs.constant_value(at.b) != 0);
  });
}

LATHE_INLINE sequence<ir::expr> nodes_in(const ir::pool& exprs, ir::expr root, ir::kind what) {
  sequence<ir::expr> found, pending{root};
  sequence<char> seen(exprs.size(), 0);
  while (!pending.empty()) {
    const ir::expr at = pending.back();
    pending.pop_back();
    if (at == ir::none || seen[static_cast<std::size_t>(at)]) continue;
    seen[static_cast<std::size_t>(at)] = 1;
    const ir::node& value = exprs[at];
    if (value.what == what) found.push_back(at);
    for (const ir::term& each : exprs.terms(at)) pending.push_back(each.atom);
    for (const ir::expr each : exprs.args(at)) pending.push_back(each);
    pending.push_back(value.a);
    pending.push_back(value.b);
    pending.push_back(value.c);
  }
  sort(found);
  return found;
}

LATHE_INLINE sequence<ir::expr> loads_in(const ir::pool& exprs, ir::expr root) {
  return nodes_in(exprs, root, ir::kind::load);
}

LATHE_INLINE sequence<int> program::readers(int tensor) const {
  sequence<int> out;
  for (std::size_t at = 0; at < stages.size(); ++at) {
    if (stages[at].inlined) continue;
    for (const ir::expr root : {stages[at].body, stages[at].epilogue}) {
      const auto loads = loads_in(exprs, root);
      if (any_of(loads, [&](ir::expr load) { return exprs[load].imm == tensor; })) {
        out.push_back(static_cast<int>(at));
        break;
      }
    }
  }
  return out;
}

LATHE_INLINE const program_stage* program::only_reader(int tensor) const {
  const sequence<int> all = readers(tensor);
  return all.size() == 1 ? &stages[static_cast<std::size_t>(all[0])] : nullptr;
}

LATHE_INLINE bool program::stores_plain_result(const program_stage& stage) const {
  const ir::node* stored = &exprs[stage.epilogue];
  if (stored->what == ir::kind::linear && stored->imm == 0 && stored->count == 1 &&
      exprs.terms(stage.epilogue)[0].coef == 1)
    stored = &exprs[exprs.terms(stage.epilogue)[0].atom];
  return stored->what == ir::kind::load && stored->imm == accumulated;
}

LATHE_INLINE size_choices block_sizes(const loop_dim& dim, int part) {
  size_choices sizes = dim.sizes.empty() ? size_choices{dim.extent} : dim.sizes;
  for (int at = 0; at < part; ++at) {
    const std::int64_t block = dim.blocks[static_cast<std::size_t>(at)];
    size_choices next;
    for (const std::int64_t size : sizes) {
      if (size >= block) next.push_back(block);
      if (size % block != 0) next.push_back(size % block);
    }
    sort(next, [](std::int64_t left, std::int64_t right) { return left > right; });
    remove_repeated(next);
    sizes = std::move(next);
  }
  return sizes;
}

LATHE_INLINE bool divides_evenly(const program_stage& stage, const loop_dim& dim) {
  if (stage.attach_stage >= 0 || dim.axis < 0 || !dim.sizes.empty()) return false;
  std::int64_t around = dim.extent;
  for (const std::int64_t block : dim.blocks) {
    if (around % block != 0) return false;
    around = block;
  }
  return true;
}

LATHE_INLINE size_choices trip_counts(const loop_dim& dim, int part) {
  size_choices counts = block_sizes(dim, part);
  const std::int64_t block = dim.blocks[static_cast<std::size_t>(part)];
  for (std::int64_t& size : counts) size = (size + block - 1) / block;
  remove_repeated(counts);
  return counts;
}

LATHE_INLINE int accumulation_start(const program_stage& stage) {
  if (!stage.reduction) return -1;
  const int after = stage.accumulate_at.empty() ? -1 : stage.find_loop(stage.accumulate_at);
  for (std::size_t at = 0; at < stage.loops.size(); ++at)
    if (static_cast<int>(at) > after &&
        stage.dims[static_cast<std::size_t>(stage.loops[at].dim)].reduce)
      return static_cast<int>(at);
  return -1;
}

LATHE_INLINE void reset_loops(program_stage& stage) {
  stage.dims.clear();
  stage.loops.clear();
  for (std::size_t at = 0; at < stage.axes.size(); ++at) {
    const program_axis& axis = stage.axes[at];
    stage.dims.push_back({static_cast<int>(at), axis.extent, axis.reduce, {1}, {}, axis.sizes});
    stage.loops.push_back({axis.name, static_cast<int>(at), 0, ir::loop_kind::serial});
  }
}

namespace detail {

/// Walks a description once, statement by statement.
class program_maker {
 public:
  explicit program_maker(const desc_view& desc) : desc_(desc) {}

  program make() {
    out_.name = desc_.name;
    out_.param_count = desc_.param_count;
    for (int at = 0; at < desc_.tensor_count; ++at) add_tensor(desc_.tensors[at]);
    for (int at = 0; at < desc_.stage_count; ++at) add_stage(desc_.stages[at]);
    return std::move(out_);
  }

 private:
  void add_tensor(const desc_tensor& from) {
    program_tensor made;
    made.name = from.name;
    made.type = from.type;
    made.param = from.param;
    made.scalar = from.scalar;
    for (int dim = 0; dim < from.rank; ++dim) {
      made.shape.push_back(from.shape[dim]);
      made.layout.push_back({dim, 1, 0});
    }
    out_.tensors.push_back(std::move(made));
  }

  void add_stage(const desc_stage& from) {
    axis_variable_.assign(static_cast<std::size_t>(desc_.axis_count), ir::none);
    program_stage made;
    made.name = from.name;
    made.tensor = from.tensor;
    made.spatial = from.spatial;
    for (int at = 0; at < from.spatial; ++at) made.axes.push_back(take_axis(from.first_axis + at));

    int reductions = 0;
    count_reductions(from.body, reductions);
    if (reductions == 0) {
      made.body = convert(from.body);
    } else if (reductions == 1) {
      pending_ = &made;
      made.epilogue = convert(from.body);
      pending_ = nullptr;
      made.reduction = true;
    } else {
      separate_ = &from;
      made.body = convert(from.body);
      separate_ = nullptr;
    }
    finish(std::move(made));
  }

  program_axis take_axis(int at) {
    const desc_axis& axis = desc_.axes[at];
    const ir::expr variable = out_.exprs.make_variable(axis.name, axis.extent);
    axis_variable_[static_cast<std::size_t>(at)] = variable;
    return {axis.name, variable, axis.extent, axis.reduce};
  }

  void finish(program_stage made) {
    for (int at = 0; at < made.spatial; ++at)
      made.point.push_back(made.axes[static_cast<std::size_t>(at)].variable);
    reset_loops(made);
    out_.tensors[static_cast<std::size_t>(made.tensor)].producer =
        static_cast<int>(out_.stages.size());
    out_.stages.push_back(std::move(made));
  }

  void count_reductions(int at, int& count) const {
    if (at < 0) return;
    const desc_expr& value = desc_.exprs[at];
    if (value.op == opcode::reduce) {
      ++count;
      return;
    }
    count_reductions(value.a, count);
    count_reductions(value.b, count);
    count_reductions(value.c, count);
  }

  /// Fills the reduction part of `stage` from a reduce node and returns a load of its result.
  ir::expr reduction(program_stage& stage, const desc_expr& value) {
    for (int at = 0; at < value.count; ++at)
      stage.axes.push_back(take_axis(static_cast<int>(value.imm) + at));
    const dtype type = value.type;
    ir::pool& exprs = out_.exprs;
    const ir::expr left = exprs.load(accumulated, type, {});
    const ir::expr right = exprs.load(new_term, type, {});
    switch (value.kind) {
      case reducer_kind::sum:
        stage.identity = exprs.literal(type, 0, 0.0);
        stage.combine = exprs.binary(opcode::add, type, left, right);
        break;
      case reducer_kind::prod:
        stage.identity = exprs.literal(type, 1, 1.0);
        stage.combine = exprs.binary(opcode::mul, type, left, right);
        break;
      case reducer_kind::max:
        stage.identity = extreme(type, false);
        stage.combine = exprs.binary(opcode::max, type, left, right);
        break;
      case reducer_kind::min:
        stage.identity = extreme(type, true);
        stage.combine = exprs.binary(opcode::min, type, left, right);
        break;
      case reducer_kind::user:
        stage.identity = exprs.cast(type, convert(value.b));
        combiner_type_ = type;
        stage.combine = convert(value.c);
        break;
    }
    stage.body = convert(value.a);
    stage.reduction = true;
    return left;
  }

  /// Largest (min's identity) or lowest (max's identity) value of a type.
  ir::expr extreme(dtype type, bool largest) {
    const double infinity = std::numeric_limits<double>::infinity();
    std::int64_t value = 0;
    switch (type) {
      case dtype::i8: value = largest ? INT8_MAX : INT8_MIN; break;
      case dtype::u8: value = largest ? UINT8_MAX : 0; break;
      case dtype::i32: value = largest ? INT32_MAX : INT32_MIN; break;
      default: value = largest ? INT64_MAX : INT64_MIN; break;
    }
    return out_.exprs.literal(type, value, largest ? infinity : -infinity);
  }

  ir::expr reduce_node(const desc_expr& value) {
    if (pending_ != nullptr) return reduction(*pending_, value);
    // One of several reductions of a statement: a stage of its own over the same spatial axes.
    const desc_stage& owner = *separate_;
    program_stage made;
    made.name = std::string(owner.name) + "_r" + std::to_string(separated_++);
    made.spatial = owner.spatial;
    const sequence<ir::expr> outer = axis_variable_;
    sequence<ir::expr> point;
    program_tensor tensor;
    tensor.name = made.name;
    tensor.type = value.type;
    for (int at = 0; at < owner.spatial; ++at) {
      made.axes.push_back(take_axis(owner.first_axis + at));
      tensor.shape.push_back(made.axes.back().extent);
      tensor.layout.push_back({at, 1, 0});
      point.push_back(outer[static_cast<std::size_t>(owner.first_axis + at)]);
    }
    made.epilogue = reduction(made, value);
    axis_variable_ = outer;
    made.tensor = static_cast<int>(out_.tensors.size());
    out_.tensors.push_back(std::move(tensor));
    const int result = made.tensor;
    finish(std::move(made));
    return out_.exprs.load(result, value.type, point);
  }

  ir::expr convert(int at) {
    const desc_expr& value = desc_.exprs[at];
    ir::pool& exprs = out_.exprs;
    switch (value.op) {
      case opcode::literal: return exprs.literal(value.type, value.imm, value.num);
      case opcode::axis: return axis_variable_[static_cast<std::size_t>(value.imm)];
      case opcode::load: {
        const desc_access& access = desc_.accesses[value.imm];
        sequence<ir::expr> indices;
        for (int dim = 0; dim < desc_.tensors[access.tensor].rank; ++dim)
          indices.push_back(convert(access.index[dim]));
        return exprs.load(access.tensor, value.type, indices);
      }
      case opcode::arg:
        return exprs.load(value.imm == 0 ? accumulated : new_term, combiner_type_, {});
      case opcode::neg:
      case opcode::abs:
      case opcode::exp:
      case opcode::log:
      case opcode::sqrt:
      case opcode::tanh:
      case opcode::erf:
      case opcode::sin:
      case opcode::cos:
      case opcode::floor:
      case opcode::logical_not: return exprs.unary(value.op, value.type, convert(value.a));
      case opcode::select: {
        const ir::expr condition = convert(value.a);
        const ir::expr then = convert(value.b);
        return exprs.select(condition, then, convert(value.c));
      }
      case opcode::cast: return exprs.cast(value.type, convert(value.a));
      case opcode::call: {
        sequence<ir::expr> operands;
        for (const int operand : {value.a, value.b, value.c})
          if (operand >= 0) operands.push_back(convert(operand));
        return exprs.call(value.name, value.type, operands);
      }
      case opcode::reduce: return reduce_node(value);
      default: {
        const ir::expr left = convert(value.a);
        return exprs.binary(value.op, value.type, left, convert(value.b));
      }
    }
  }

  const desc_view& desc_;
  program out_;
  sequence<ir::expr> axis_variable_;      ///< by axis of the description
  program_stage* pending_ = nullptr;      ///< stage that takes the statement's only reduction
  const desc_stage* separate_ = nullptr;  ///< statement whose reductions become stages
  int separated_ = 0;
  dtype combiner_type_{};
};

}  // namespace detail

LATHE_INLINE program make_program(const desc_view& desc) {
  return detail::program_maker(desc).make();
}

}  // namespace lathe
