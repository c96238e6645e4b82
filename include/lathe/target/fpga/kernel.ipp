/// @file
/// Bodies of kernel.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/target/fpga/banks.hpp>
#include <lathe/target/fpga/kernel.hpp>
#include <lathe/target/fpga/nest_forms.hpp>
#include <lathe/target/fpga/operator_cost.hpp>

#include <utility>

namespace lathe {
namespace detail {

LATHE_INLINE sequence<ir::stmt> fpga_body(const ir::nest& nest, const sequence<ir::stmt>& list) {
  sequence<ir::stmt> out;
  for (const ir::stmt each : list) {
    if (nest[each].what == ir::stmt_kind::block || nest[each].what == ir::stmt_kind::together) {
      const sequence<ir::stmt> inner = fpga_body(nest, nest[each].children);
      out.insert(out.end(), inner.begin(), inner.end());
    } else if (nest[each].what != ir::stmt_kind::prefetch) {
      out.push_back(each);
    }
  }
  return out;
}

/// Makes the decisions of a kernel.
class fpga_kernel_maker {
 public:
  fpga_kernel_maker(ir::nest nest, const fpga_device& device) : device_(device) {
    out_.nest = static_cast<ir::nest&&>(nest);
    const std::size_t count = nest_().stmts.size();
    out_.node_of.assign(count, -1);
    out_.processes.resize(count);
    out_.distance.assign(count, -1);
    out_.runs.resize(count);
    out_.declared_in.assign(nest_().buffers.size(), ir::none);
    parents_.assign(count, ir::none);
  }

  fpga_kernel make() {
    out_.design.name = nest_().name;
    out_.store_index = give_dimensions(nest_());
    make_arrays();
    for (const ir::phase& phase : nest_().phases) note_parents(phase.body, ir::none);
    find_owners();
    for (const ir::phase& phase : nest_().phases)
      for (const ir::stmt each : fpga_body(nest_(), {phase.body}))
        out_.design.roots.push_back(as_node(each));
    for (std::size_t at = 0; at < out_.node_of.size(); ++at)
      if (out_.distance[at] == -2) prove_distance(static_cast<ir::stmt>(at));
    choose_banks(out_.design, device_);
    return static_cast<fpga_kernel&&>(out_);
  }

 private:
  ir::nest& nest_() { return out_.nest; }
  ir::pool& exprs() { return out_.nest.exprs; }
  const ir::buffer& buffer(std::int64_t index) {
    return out_.nest.buffers[static_cast<std::size_t>(index)];
  }
  fpga_array& array(std::int64_t index) {
    return out_.design.arrays[static_cast<std::size_t>(index)];
  }

  // ---------------------------------------------------------------- arrays

  void make_arrays() {
    int bundle = 0;
    for (const ir::buffer& each : nest_().buffers) {
      fpga_array made;
      made.name = each.name;
      made.type = each.type;
      made.shape = each.shape;
      made.banks.assign(each.shape.size(), 1);
      if (is_off_chip(each)) {
        made.storage = each.scalar ? fpga_storage::registers : fpga_storage::memory;
        if (!each.scalar) made.bundle = bundle++;
      }
      out_.design.arrays.push_back(static_cast<fpga_array&&>(made));
    }
  }

  // ---------------------------------------------------------------- who touches what

  struct touched {
    flat_set<std::int32_t> reads, writes;
  };

  void note_parents(ir::stmt at, ir::stmt parent) {
    parents_[static_cast<std::size_t>(at)] = parent;
    for (const ir::stmt each : nest_()[at].children) note_parents(each, at);
  }

  touched touched_by(ir::stmt handle) {
    touched out;
    add_touched(handle, out);
    return out;
  }

  void add_touched(ir::stmt handle, touched& out) {
    const ir::statement at = nest_()[handle];
    if (at.what == ir::stmt_kind::prefetch) return;
    for (const ir::expr root : {at.value, at.condition, at.extent, at.index})
      if (root != ir::none)
        for (const ir::expr load : loads_in(exprs(), root)) {
          const auto of = static_cast<std::int32_t>(exprs()[load].imm);
          if (!buffer(of).scalar) out.reads.insert(of);
        }
    if (at.what == ir::stmt_kind::store) out.writes.insert(at.buffer);
    for (const ir::stmt each : at.children) add_touched(each, out);
  }

  /// The innermost loop around all uses of each array on the chip.
  void find_owners() {
    sequence<char> met(nest_().buffers.size(), 0);
    for (std::size_t at = 0; at < nest_().stmts.size(); ++at) {
      const ir::statement& each = nest_().stmts[at];
      touched own;
      if (each.what != ir::stmt_kind::store) {
        ir::statement bare = each;
        for (const ir::expr root : {bare.condition, bare.extent})
          if (root != ir::none)
            for (const ir::expr load : loads_in(exprs(), root))
              own.reads.insert(static_cast<std::int32_t>(exprs()[load].imm));
      } else {
        own = touched_by(static_cast<ir::stmt>(at));
      }
      const auto use = [&](std::int32_t of) {
        if (is_off_chip(buffer(of))) return;
        const auto slot = static_cast<std::size_t>(of);
        const ir::stmt here = loop_around(static_cast<ir::stmt>(at));
        out_.declared_in[slot] = met[slot] ? common(out_.declared_in[slot], here) : here;
        met[slot] = 1;
      };
      for (const std::int32_t of : own.reads) use(of);
      for (const std::int32_t of : own.writes) use(of);
    }
  }

  ir::stmt loop_around(ir::stmt at) const {
    do at = parents_[static_cast<std::size_t>(at)];
    while (at != ir::none && out_.nest[at].what != ir::stmt_kind::loop);
    return at;
  }

  ir::stmt common(ir::stmt left, ir::stmt right) const {
    for (ir::stmt at = left; at != ir::none; at = loop_around(at))
      for (ir::stmt other = right; other != ir::none; other = loop_around(other))
        if (at == other) return at;
    return ir::none;
  }

  // ---------------------------------------------------------------- the tree

  static bool is_unrolled(const ir::statement& of) {
    return ir::is_written_out(of.how) || of.how == ir::loop_kind::vectorized;
  }

  /// True if a loop with a constant trip count is straight code, and so is all inside of it.
  bool is_straight(ir::stmt handle) {
    const ir::statement& at = nest_()[handle];
    if (at.what == ir::stmt_kind::loop && (!is_unrolled(at) || !exprs().is_constant(at.extent)))
      return false;
    return all_of(at.children, [&](ir::stmt each) { return is_straight(each); });
  }

  int as_node(ir::stmt handle) {
    const ir::statement at = nest_()[handle];
    switch (at.what) {
      case ir::stmt_kind::store: return leaf(handle);
      case ir::stmt_kind::loop: return loop(handle);
      default: {  // a branch: both sides are hardware
        fpga_node made;
        made.name = "if";
        const int number = out_.design.add(made);
        out_.node_of[static_cast<std::size_t>(handle)] = number;
        sequence<int> children;
        for (const ir::stmt each : fpga_body(nest_(), at.children))
          children.push_back(as_node(each));
        out_.design[number].children = static_cast<sequence<int>&&>(children);
        return number;
      }
    }
  }

  int loop(ir::stmt handle) {
    const ir::statement at = nest_()[handle];
    const ir::variable& variable = exprs().variable_of(at.variable);
    fpga_node made;
    made.name = variable.name;
    made.fixed = exprs().is_constant(at.extent);
    made.trips = made.fixed ? exprs().constant_value(at.extent) : variable.extent;
    sequence<ir::stmt> body = fpga_body(nest_(), at.children);
    if (const ir::stmt asked = bounded(handle, body); asked != ir::none) {
      body = fpga_body(nest_(), {asked});
      const fpga_range run = out_.runs[static_cast<std::size_t>(handle)];
      made.fixed = exprs().is_constant(run.first) && exprs().is_constant(run.end);
      if (made.fixed)
        made.trips = larger<std::int64_t>(
            1, exprs().constant_value(run.end) - exprs().constant_value(run.first));
    }
    const bool straight = all_of(body, [&](ir::stmt each) { return is_straight(each); });
    const bool copied = straight && is_unrolled(at) && made.fixed;
    if (copied) made.unroll = made.trips;
    made.pipelined = straight && !copied;
    const int number = out_.design.add(made);
    out_.node_of[static_cast<std::size_t>(handle)] = number;
    by_variable_[static_cast<std::int32_t>(exprs().variable_index(at.variable))] = number;
    sequence<int> children;
    sequence<fpga_process> processes;
    if (!straight) processes = find_processes(handle, body);
    if (processes.size() > 1) {
      out_.design[number].dataflow = true;
      for (const fpga_process& each : processes) children.push_back(process(each));
      out_.processes[static_cast<std::size_t>(handle)] = processes;
    } else {
      for (const ir::stmt each : body) children.push_back(as_node(each));
    }
    out_.design[number].children = static_cast<sequence<int>&&>(children);
    return number;
  }

  /// What a loop does where the condition holds that is its whole body, if bounds of the loop say
  /// the same; none if there is no such condition.
  ir::stmt bounded(ir::stmt handle, const sequence<ir::stmt>& body) {
    const ir::statement at = nest_()[handle];
    if (is_unrolled(at) || body.size() != 1 || nest_()[body[0]].what != ir::stmt_kind::branch ||
        nest_()[body[0]].children.size() != 1)
      return ir::none;
    const fpga_range found =
        range_where(exprs(), nest_()[body[0]].condition, at.variable, at.extent);
    if (found.first == ir::none) return ir::none;
    out_.runs[static_cast<std::size_t>(handle)] = found;
    return nest_()[body[0]].children[0];
  }

  /// True if a statement is reached under a condition within a pipelined iteration.
  bool is_conditional(ir::stmt at) const {
    for (at = parents_[static_cast<std::size_t>(at)]; at != ir::none;
         at = parents_[static_cast<std::size_t>(at)]) {
      const ir::statement& of = out_.nest[at];
      if (of.what == ir::stmt_kind::loop && !is_unrolled(of)) return false;
      if (of.what != ir::stmt_kind::branch) continue;
      const ir::stmt around = loop_around(at);
      if (around == ir::none || out_.runs[static_cast<std::size_t>(around)].first == ir::none)
        return true;
    }
    return false;
  }

  int process(const fpga_process& of) {
    if (of.statements.size() == 1) return as_node(of.statements[0]);
    fpga_node made;
    made.name = of.name;
    const int number = out_.design.add(made);
    sequence<int> children;
    for (const ir::stmt each : of.statements) children.push_back(as_node(each));
    out_.design[number].children = static_cast<sequence<int>&&>(children);
    return number;
  }

  static bool meet(const flat_set<std::int32_t>& left, const flat_set<std::int32_t>& right) {
    return any_of(left, [&](std::int32_t each) { return right.contains(each); });
  }

  /// The statements of a body, those first that fill arrays from memory alone and that nothing
  /// before them matters to: a process of several statements takes all that are between them.
  sequence<ir::stmt> readers_first(const sequence<ir::stmt>& body) {
    sequence<ir::stmt> out, rest;
    for (const ir::stmt each : body) {
      const touched own = touched_by(each);
      const bool reads =
          all_of(own.reads, [&](std::int32_t of) { return is_off_chip(buffer(of)); }) &&
          all_of(own.writes, [&](std::int32_t of) { return !is_off_chip(buffer(of)); }) &&
          all_of(rest, [&](ir::stmt other) {
            const touched before = touched_by(other);
            return !meet(own.writes, before.reads) && !meet(own.writes, before.writes) &&
                   !meet(own.reads, before.writes);
          });
      (reads && !own.reads.empty() ? out : rest).push_back(each);
    }
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
  }

  /// Splits a body into processes, in order; one if they may not overlap.
  sequence<fpga_process> find_processes(ir::stmt handle, const sequence<ir::stmt>& as_written) {
    const sequence<ir::stmt> body = readers_first(as_written);
    sequence<touched> of;
    for (const ir::stmt each : body) of.push_back(touched_by(each));
    sequence<std::size_t> ends(body.size());  // of the process that begins here
    sequence<fpga_process> out;
    sequence<touched> whole;
    for (std::size_t first = 0; first < body.size();) {
      std::size_t end = first + 1;
      for (std::size_t at = first; at < end; ++at)
        for (std::size_t other = body.size(); other-- > end;)
          // Both write, or the later one overwrites, or both read what somebody else gives, or what
          // one gives to the other outlives the iteration.
          if (meet(of[at].writes, of[other].writes) || meet(of[at].reads, of[other].writes) ||
              any_of(of[at].writes,
                     [&](std::int32_t each) {
                       return of[other].reads.contains(each) &&
                              out_.declared_in[static_cast<std::size_t>(each)] != handle;
                     }) ||
              any_of(of[at].reads, [&](std::int32_t each) {
                return of[other].reads.contains(each) && !of[at].writes.contains(each);
              })) {
            end = other + 1;
            break;
          }
      fpga_process made;
      touched all;
      for (std::size_t at = first; at < end; ++at) {
        made.statements.push_back(body[at]);
        for (const std::int32_t each : of[at].reads) all.reads.insert(each);
        for (const std::int32_t each : of[at].writes) all.writes.insert(each);
      }
      made.name = name_of_process(all);
      out.push_back(static_cast<fpga_process&&>(made));
      whole.push_back(static_cast<touched&&>(all));
      first = end;
    }
    sequence<std::int32_t> between;
    // Between processes: arrays of this loop, written by one and read by one other.
    for (std::size_t at = 0; at < out.size(); ++at)
      for (std::size_t other = at + 1; other < out.size(); ++other)
        for (const std::int32_t each : whole[at].writes)
          if (whole[other].reads.contains(each)) between.push_back(each);
    if (out.size() > 1)
      for (const std::int32_t each : between) array(each).double_buffered = true;
    return out;
  }

  std::string name_of_process(const touched& of) {
    bool from_memory = false, to_memory = false;
    std::string made;
    for (const std::int32_t each : of.writes) {
      to_memory |= is_off_chip(buffer(each));
      if (made.empty() || buffer(each).output) made = buffer(each).name;
    }
    bool from_chip = false;
    for (const std::int32_t each : of.reads) {
      from_memory |= is_off_chip(buffer(each));
      from_chip |= !is_off_chip(buffer(each));
    }
    const char* what = to_memory && !from_memory                 ? "write_"
                       : !to_memory && from_memory && !from_chip ? "read_"
                                                                 : "compute_";
    return what + made;
  }

  // ---------------------------------------------------------------- leaves

  int leaf(ir::stmt handle) {
    const ir::statement at = nest_()[handle];
    fpga_node made;
    made.loop = false;
    made.name = buffer(at.buffer).name;
    const sequence<ir::expr>& target = out_.store_index[static_cast<std::size_t>(handle)];
    ir::expr own = ir::none;  // the load of the element that is stored
    const bool conditional = is_conditional(handle);
    for (const ir::expr load : loads_in(exprs(), at.value)) {
      const ir::node& node = exprs()[load];
      if (node.imm == at.buffer && equal(exprs().args(load), target)) own = load;
      if (buffer(node.imm).scalar) continue;
      made.accesses.push_back(
          access(static_cast<int>(node.imm), false,
                 sequence<ir::expr>(exprs().args(load).begin(), exprs().args(load).end())));
      made.accesses.back().conditional = conditional || !is_sure(at.value, load);
    }
    for (const ir::expr each : target)
      for (const ir::expr load : loads_in(exprs(), each))
        made.accesses.push_back(
            access(static_cast<int>(exprs()[load].imm), false,
                   sequence<ir::expr>(exprs().args(load).begin(), exprs().args(load).end())));
    made.accesses.push_back(access(at.buffer, true, target));
    made.accesses.back().conditional = conditional;
    flat_map<ir::expr, int> latest;
    const ir::node& root = exprs()[at.value];
    made.accumulates = own != ir::none && root.what == ir::kind::binary && at.value != own;
    if (made.accumulates) {
      made.carried = {root.fn, root.type, 1};
      const std::pair operands{root.a, root.b};  // a copy: the arena may grow
      made.depth = larger(path(operands.first, made, latest), path(operands.second, made, latest));
    } else {
      made.depth = path(at.value, made, latest);
    }
    const int number = out_.design.add(made);
    out_.node_of[static_cast<std::size_t>(handle)] = number;
    if (made.accumulates) out_.distance[static_cast<std::size_t>(handle)] = -2;
    return number;
  }

  /// True if a load is done whatever the conditions of a value are.
  bool is_sure(ir::expr value, ir::expr load) {
    if (value == load) return true;
    const ir::node& at = exprs()[value];
    const bool lazy =
        at.what == ir::kind::select || (at.what == ir::kind::binary && is_logical(at.fn));
    for (const ir::term& each : exprs().terms(value))
      if (is_sure(each.atom, load)) return true;
    for (const ir::expr each : exprs().args(value))
      if (is_sure(each, load)) return true;
    for (const ir::expr each : {at.a, lazy ? ir::none : at.b, lazy ? ir::none : at.c})
      if (each != ir::none && is_sure(each, load)) return true;
    return false;
  }

  fpga_access access(int of, bool write, const sequence<ir::expr>& index) {
    fpga_access made;
    made.array = of;
    made.write = write;
    for (std::size_t dimension = 0; dimension < index.size(); ++dimension) {
      made.offsets.push_back(exprs()[index[dimension]].imm);
      for (const ir::term& each : exprs().terms(index[dimension])) {
        const bool plain = exprs().is_variable(each.atom);
        made.irregular |= !plain;
        for (const auto& [variable, node] : by_variable_) {
          if (!(plain ? exprs()[each.atom].imm == variable
                      : depends_on_variable(each.atom, variable)))
            continue;
          made.strides.push_back({static_cast<int>(dimension), node, plain ? each.coef : 1});
        }
      }
    }
    return made;
  }

  bool depends_on_variable(ir::expr value, std::int32_t variable) {
    const ir::node& at = exprs()[value];
    if (at.what == ir::kind::variable) return at.imm == variable;
    for (const ir::term& each : exprs().terms(value))
      if (depends_on_variable(each.atom, variable)) return true;
    for (const ir::expr each : exprs().args(value))
      if (depends_on_variable(each, variable)) return true;
    for (const ir::expr each : {at.a, at.b, at.c})
      if (each != ir::none && depends_on_variable(each, variable)) return true;
    return false;
  }

  /// Cycles until a value is there; adds its operations, each once. Indices are not counted: they
  /// are counters and a few adders beside the data.
  int path(ir::expr value, fpga_node& made, flat_map<ir::expr, int>& latest) {
    if (const auto known = latest.find(value); known != latest.end()) return known->second;
    const ir::node at = exprs()[value];
    int out = 0;
    if (at.what == ir::kind::unary || at.what == ir::kind::binary || at.what == ir::kind::select) {
      for (const ir::expr each : {at.a, at.b, at.c})
        if (each != ir::none) out = larger(out, path(each, made, latest));
      const opcode fn = at.what == ir::kind::select ? opcode::select : at.fn;
      const dtype type = at.what == ir::kind::unary && !is_float(at.type)      ? exprs()[at.a].type
                         : is_comparison(at.fn) && at.what == ir::kind::binary ? exprs()[at.a].type
                                                                               : at.type;
      if (type != dtype::i64 && type != dtype::boolean) {
        out += cost_of(fn, type).latency;
        count(made, fn, type);
      }
    } else if (at.what == ir::kind::cast) {
      out = path(at.a, made, latest) + 1;
    }
    latest[value] = out;
    return out;
  }

  static void count(fpga_node& made, opcode fn, dtype type) {
    for (fpga_operation& each : made.operations)
      if (each.fn == fn && each.type == type) {
        ++each.count;
        return;
      }
    made.operations.push_back({fn, type, 1});
  }

  // ---------------------------------------------------------------- distances

  /// After how many iterations a sum comes back to an element: proven where the loops between move
  /// the index by steps of which each is larger than all inside of it together.
  void prove_distance(ir::stmt handle) {
    std::int64_t& distance = out_.distance[static_cast<std::size_t>(handle)];
    distance = -1;
    fpga_node& own = out_.design[out_.node_of[static_cast<std::size_t>(handle)]];
    const fpga_access& target = own.accesses[own.accesses.size() - 1];
    if (target.irregular) return;
    std::int64_t product = 1;
    sequence<std::pair<std::int64_t, std::int64_t>> moves;  // step in the flat array, iterations
    bool inside = true;                                     // of the pipelined loop
    for (ir::stmt at = loop_around(handle); at != ir::none; at = loop_around(at)) {
      const int number = out_.node_of[static_cast<std::size_t>(at)];
      const fpga_node& loop = out_.design[number];
      const bool pipelined = loop.pipelined;
      if (!pipelined && inside) {
        const std::int64_t step = flat_step(target, number);
        if (step != 0) moves.emplace_back(step, loop.trips);
        continue;
      }
      if (!loop.fixed || (!pipelined && loop.children.size() != 1) || loop.dataflow) break;
      inside = false;
      const std::int64_t step = flat_step(target, number);
      if (loop.trips > 1 && step == 0) {
        if (!is_injective(moves)) return;
        distance = product;
        own.distance_stated = true;
        return;
      }
      if (loop.trips > 1) moves.emplace_back(step, loop.trips);
      product *= loop.trips;
    }
    if (!is_injective(moves)) return;
    distance = 0;
    own.distance_stated = true;
  }

  std::int64_t flat_step(const fpga_access& of, int loop) {
    const sequence<std::int64_t>& shape = array(of.array).shape;
    std::int64_t out = 0;
    for (const fpga_stride& each : of.strides) {
      if (each.loop != loop) continue;
      std::int64_t pitch = 1;
      for (std::size_t at = static_cast<std::size_t>(each.dimension) + 1; at < shape.size(); ++at)
        pitch *= shape[at];
      out += each.step * pitch;
    }
    return out;
  }

  static bool is_injective(sequence<std::pair<std::int64_t, std::int64_t>> moves) {
    for (auto& [step, trips] : moves) step = math::abs(step);
    sort(moves, [](const auto& left, const auto& right) { return left.first < right.first; });
    std::int64_t reach = 0;
    for (const auto& [step, trips] : moves) {
      if (step <= reach) return false;
      reach += step * (trips - 1);
    }
    return true;
  }

  const fpga_device& device_;
  fpga_kernel out_;
  sequence<ir::stmt> parents_;
  flat_map<std::int32_t, int> by_variable_;  ///< the loop of a variable
};

}  // namespace detail

LATHE_INLINE fpga_kernel make_fpga_kernel(ir::nest nest, const fpga_device& device) {
  return detail::fpga_kernel_maker(static_cast<ir::nest&&>(nest), device).make();
}

}  // namespace lathe
