/// @file
/// Small loop nests built by hand, for the tests of everything that reads a nest.
#pragma once

#include <lathe/lower/ir.hpp>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace lathe::test {

/// Shorthand for building a nest statement by statement.
struct nest_maker {
  ir::nest nest;

  ir::pool& x() { return nest.exprs; }

  std::int32_t buffer(std::string name, dtype type, std::int64_t elements, ir::scope where,
                      bool output = false) {
    nest.buffers.push_back({std::move(name), type, elements, where, output, false, false});
    if (where == ir::scope::param) ++nest.param_count;
    return static_cast<std::int32_t>(nest.buffers.size() - 1);
  }
  std::int32_t input(std::string name, dtype type, std::int64_t elements) {
    return buffer(std::move(name), type, elements, ir::scope::param);
  }
  std::int32_t output(std::string name, dtype type, std::int64_t elements) {
    return buffer(std::move(name), type, elements, ir::scope::param, true);
  }

  ir::expr variable(std::string name, std::int64_t extent) {
    return x().make_variable(std::move(name), extent);
  }
  ir::expr constant(std::int64_t value) { return x().constant(value); }
  ir::expr add(ir::expr left, ir::expr right) { return x().add(left, right); }
  ir::expr scale(ir::expr value, std::int64_t factor) { return x().scale(value, factor); }
  ir::expr number(dtype type, double value) {
    return x().literal(type, static_cast<std::int64_t>(value), value);
  }
  ir::expr load(std::int32_t from, ir::expr index) {
    return x().load(from, nest.buffers[static_cast<std::size_t>(from)].type, {&index, 1});
  }
  ir::expr binary(opcode fn, ir::expr left, ir::expr right) {
    return x().binary(fn, is_comparison(fn) || is_logical(fn) ? dtype::boolean : x()[left].type,
                      left, right);
  }
  ir::expr unary(opcode fn, ir::expr operand) { return x().unary(fn, x()[operand].type, operand); }

  ir::stmt store(std::int32_t to, ir::expr index, ir::expr value) {
    ir::statement made;
    made.what = ir::stmt_kind::store;
    made.buffer = to;
    made.index = index;
    made.value = value;
    return nest.add(std::move(made));
  }
  ir::stmt prefetch(std::int32_t from, ir::expr index) {
    ir::statement made;
    made.what = ir::stmt_kind::prefetch;
    made.buffer = from;
    made.index = index;
    return nest.add(std::move(made));
  }
  ir::stmt block(std::vector<ir::stmt> children) {
    ir::statement made;
    made.what = ir::stmt_kind::block;
    made.children = std::move(children);
    return nest.add(std::move(made));
  }
  ir::stmt loop(ir::loop_kind how, ir::expr variable, ir::expr extent,
                std::vector<ir::stmt> children) {
    ir::statement made;
    made.what = ir::stmt_kind::loop;
    made.how = how;
    made.variable = variable;
    made.extent = extent;
    if (how == ir::loop_kind::vectorized) made.lanes = x().variable_of(variable).extent;
    made.children = std::move(children);
    return nest.add(std::move(made));
  }
  ir::stmt loop(ir::loop_kind how, ir::expr variable, std::vector<ir::stmt> children) {
    const std::int64_t extent = x().variable_of(variable).extent;
    return loop(how, variable, constant(extent), std::move(children));
  }
  ir::stmt branch(ir::expr condition, std::vector<ir::stmt> children) {
    ir::statement made;
    made.what = ir::stmt_kind::branch;
    made.condition = condition;
    made.children = std::move(children);
    return nest.add(std::move(made));
  }
  void phase(ir::stmt body) {
    ir::phase made;
    made.name = "phase" + std::to_string(nest.phases.size());
    made.body = body;
    const ir::statement& outer = nest[body];
    if (outer.what == ir::stmt_kind::loop && outer.how == ir::loop_kind::parallel) {
      made.parallel = true;
      made.tasks = x().constant_value(outer.extent);
    }
    nest.phases.push_back(std::move(made));
  }
};

/// C = A B with a packed B, a parallel loop over row blocks of 3 with a tail (dynamic extent, one
/// branch per tile height) and a register tile of 3 x 4 with an unrolled and a vectorized loop.
/// M need not be a multiple of 3; N must be a multiple of 4.
inline ir::nest tiled_gemm(std::int64_t m, std::int64_t n, std::int64_t k,
                           dtype type = dtype::f32) {
  using enum ir::loop_kind;
  nest_maker to;
  to.nest.name = "gemm";
  const auto a = to.input("A", type, m * k);
  const auto b = to.input("B", type, k * n);
  const auto c = to.output("C", type, m * n);
  const auto packed = to.buffer("Bp", type, k * n, ir::scope::workspace);
  const auto tile = to.buffer("C_acc", type, 12, ir::scope::registers);
  {
    const auto j0 = to.variable("j0", n / 4), kk = to.variable("k", k), j1 = to.variable("j1", 4);
    const auto from = to.add(to.scale(kk, n), to.add(to.scale(j0, 4), j1));
    const auto into = to.add(to.scale(j0, 4 * k), to.add(to.scale(kk, 4), j1));
    const auto copy = to.loop(vectorized, j1, {to.store(packed, into, to.load(b, from))});
    to.phase(to.loop(serial, j0, {to.loop(serial, kk, {copy})}));
  }
  const std::int64_t blocks = (m + 2) / 3;
  const auto i0 = to.variable("i0", blocks), j0 = to.variable("j0", n / 4);
  const auto tile_code = [&](std::int64_t height) {
    const auto at = [&](ir::expr i1, ir::expr j1) { return to.add(to.scale(i1, 4), j1); };
    const auto out = [&](ir::expr i1, ir::expr j1) {
      return to.add(to.scale(to.add(to.scale(i0, 3), i1), n), to.add(to.scale(j0, 4), j1));
    };
    const auto over_tile = [&](auto&& body) {
      const auto i1 = to.variable("i1", height), j1 = to.variable("j1", 4);
      return to.loop(unrolled, i1, {to.loop(vectorized, j1, {body(i1, j1)})});
    };
    const auto kk = to.variable("k", k);
    const auto start = over_tile(
        [&](ir::expr i1, ir::expr j1) { return to.store(tile, at(i1, j1), to.number(type, 0)); });
    const auto update = over_tile([&](ir::expr i1, ir::expr j1) {
      const auto left = to.load(a, to.add(to.scale(to.add(to.scale(i0, 3), i1), k), kk));
      const auto right = to.load(packed, to.add(to.scale(j0, 4 * k), to.add(to.scale(kk, 4), j1)));
      return to.store(
          tile, at(i1, j1),
          to.binary(opcode::add, to.load(tile, at(i1, j1)), to.binary(opcode::mul, left, right)));
    });
    const auto finish = over_tile([&](ir::expr i1, ir::expr j1) {
      return to.store(c, out(i1, j1), to.load(tile, at(i1, j1)));
    });
    return to.block({start, to.loop(serial, kk, {update}), finish});
  };
  ir::stmt body = tile_code(3);
  if (m % 3 != 0) {
    const auto left = to.add(to.constant(m), to.scale(i0, -3));
    const auto full = to.binary(opcode::greater_equal, left, to.constant(3));
    body = to.branch(full, {body, tile_code(m % 3)});
  }
  to.phase(to.loop(parallel, i0, {to.loop(serial, j0, {body})}));
  return std::move(to.nest);
}

}  // namespace lathe::test
