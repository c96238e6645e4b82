/// @file
/// The loop-nest intermediate representation. In: build.hpp creates it from a program and a trace.
/// Out: verify, print, interpret and every emitter read it. One arena (`pool`) owns all expressions
/// and is shared by the program (loads with one index per dimension) and the nest (loads with one
/// flat index). Expressions are hash-consed: equal structure means equal handle.
///
/// Integer (i64) expressions are kept in one canonical form, a linear combination
/// `c0 + sum(coef * atom)`, so index simplification happens while expressions are made:
/// `(f0 * 8 + f1) / 8` becomes `f0` as soon as the range of `f1` is known to be [0, 8).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/floor_div.hpp>
#include <lathe/core/opcode.hpp>
#include <lathe/core/sequence.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lathe::ir {

/// Handle of an expression in a pool; equal handles are equal expressions.
using expr = std::int32_t;
/// Handle of a statement in a nest.
using stmt = std::int32_t;
/// "No expression" / "no statement".
inline constexpr std::int32_t none = -1;

/// Kind of an expression node.
enum class kind : unsigned char {
  linear,     ///< i64: imm + sum of terms; constants and variables are the trivial cases
  variable,   ///< i64 atom: loop variable, imm = index into pool::variables
  floor_div,  ///< i64 atom: a / imm, rounded down, imm > 0
  floor_mod,  ///< i64 atom: a - (a / imm) * imm, in [0, imm)
  literal,    ///< constant of a non-i64 type: num (float kinds) or imm
  load,       ///< element of buffer imm: args = indices (program: per dimension, nest: one flat)
  unary,      ///< fn(a)
  binary,     ///< fn(a, b)
  select,     ///< a ? b : c, lazy
  cast,       ///< a converted to type
  call        ///< external function pool::names[imm](args...)
};

/// One summand of a linear expression.
struct term {
  expr atom = none;
  std::int64_t coef = 0;
  friend bool operator==(const term&, const term&) = default;
};

/// One expression node; which members count depends on `what`.
struct node {
  kind what{};
  dtype type{};
  opcode fn{};  ///< unary and binary nodes: the operation (arithmetic, compare, logic, math)
  expr a = none, b = none, c = none;
  std::int64_t imm = 0;
  double num = 0;
  std::int32_t first = 0, count = 0;  ///< terms (linear) or args (load, call)
};

/// A closed interval of i64 values; unknown sides are the type's limits.
struct interval {
  std::int64_t low = INT64_MIN, high = INT64_MAX;
  bool bounded() const { return low != INT64_MIN && high != INT64_MAX; }
};

/// A loop variable: takes the values 0 .. extent-1.
struct variable {
  std::string name;
  std::int64_t extent = 1;  ///< largest trip count [iterations]
};

/// Arena of hash-consed expressions. Making a node simplifies it; nodes are never changed.
class pool {
 public:
  // -- leaves
  /// Fresh loop variable with values 0 .. extent-1, as an i64 expression (a `linear` node whose
  /// only term is the `variable` atom; every function below takes either form).
  expr make_variable(std::string name, std::int64_t extent);
  /// i64 constant.
  expr constant(std::int64_t value);
  /// Constant of any type: `value` for integer kinds, `number` for float kinds.
  expr literal(dtype type, std::int64_t value, double number);
  expr load(std::int32_t buffer, dtype type, std::span<const expr> indices);
  expr call(std::string_view name, dtype type, std::span<const expr> args);

  // -- i64 arithmetic (canonical linear form)
  expr add(expr left, expr right);
  expr sub(expr left, expr right);
  expr scale(expr value, std::int64_t factor);
  expr floor_div(expr value, std::int64_t divisor);
  expr floor_mod(expr value, std::int64_t divisor);

  // -- values of any type; i64 operands are routed to the canonical forms
  expr unary(opcode fn, dtype type, expr operand);
  expr binary(opcode fn, dtype type, expr left, expr right);
  expr select(expr condition, expr then, expr otherwise);
  expr cast(dtype type, expr operand);

  // -- questions
  const node& operator[](expr handle) const { return nodes_[static_cast<std::size_t>(handle)]; }
  /// Summands of a linear expression (empty for constants), ordered by atom.
  std::span<const term> terms(expr linear) const;
  std::span<const expr> args(expr load_or_call) const;
  /// True for a bare variable, as atom or as linear expression.
  bool is_variable(expr handle) const;
  /// Index into the variable table. @pre is_variable(handle)
  std::int64_t variable_index(expr handle) const;
  const variable& variable_of(expr handle) const { return variable_at(variable_index(handle)); }
  /// True for i64 constants and for boolean and integer literals.
  bool is_constant(expr handle) const;
  /// Value of an i64 constant or of an integer or boolean literal. @pre is_constant(handle)
  std::int64_t constant_value(expr handle) const;
  const std::string& name(std::int64_t index) const {
    return names_[static_cast<std::size_t>(index)];
  }
  /// Range of an i64 expression from the ranges of its variables. O(size of the expression)
  interval range(expr handle) const;
  /// True if the variable occurs in `handle`. O(size of the expression)
  bool depends_on(expr handle, expr variable_expr) const;
  /// Replaces variables by expressions everywhere, re-simplifying. `from[n]` -> `to[n]`.
  expr substitute(expr handle, std::span<const std::pair<expr, expr>> mapping);
  /// Replaces whole expressions wherever they occur, re-simplifying. `from[n]` -> `to[n]`.
  expr replace(expr handle, std::span<const std::pair<expr, expr>> mapping);
  /// Applies `rewrite(load handle, new indices) -> expr` to every load, bottom-up.
  template <class Rewrite>
  expr rewrite_loads(expr handle, Rewrite&& rewrite);

  std::size_t size() const { return nodes_.size(); }
  std::size_t variable_count() const { return variables_.size(); }
  const variable& variable_at(std::int64_t index) const {
    return variables_[static_cast<std::size_t>(index)];
  }

 private:
  expr intern(const node& value, std::span<const term> new_terms, std::span<const expr> new_args);
  expr make_linear(std::int64_t constant, sequence<term> terms);
  expr as_linear(expr atom);
  struct parts;
  parts split(expr handle) const;
  expr from_parts(const parts& value);
  struct measured {
    std::int64_t unit = 1;
    expr units = none, left = none;
  };
  measured in_units(const parts& value, std::int64_t divisor);
  template <class Leaf>
  expr transform(expr handle, flat_map<expr, expr>& memo, Leaf& leaf);

  sequence<node> nodes_;
  sequence<term> terms_;
  sequence<expr> args_;
  sequence<std::string> names_;
  sequence<variable> variables_;
  // The nodes by hash: chains_[hash % size] is the newest node of a chain, links_ lead to the
  // others.
  struct link {
    std::uint64_t hash;
    expr next;
  };
  void chain(expr handle);
  sequence<link> links_;   // per node
  sequence<expr> chains_;  // a power of two
};

/// Where a buffer lives.
enum class scope : unsigned char {
  param,      ///< the caller's memory
  workspace,  ///< one allocation per kernel call, shared by all tasks
  scratch,    ///< private to the running task or GPU thread
  shared,     ///< one per block of GPU threads; scratch where there are none
  registers   ///< accumulator tile: indexed by constants only after unrolling and vectorizing
};

/// True for memory that a task has to itself on the CPU.
constexpr bool is_private(scope where) { return where == scope::scratch || where == scope::shared; }

/// A block of memory addressed by one flat element index.
struct buffer {
  std::string name;
  dtype type{};
  std::int64_t elements = 0;
  scope where = scope::workspace;
  bool output = false;  ///< parameter written by the kernel
  bool scalar = false;  ///< rank-0 parameter passed by value by the caller
  bool bound = false;   ///< workspace filled in bind() only
  /// Elements per dimension, slowest first, where the flat index is one of such an array; empty =
  /// one dimension.
  sequence<std::int64_t> shape{};
};

/// How a loop runs.
/// `dot`: straight code like `unrolled`; where the target has the instruction, its terms are one
/// dot product per lane of the vectorized loop around it.
/// `block`, `thread`: on a GPU, one iteration per block and per thread of it; elsewhere serial.
/// `tensor`: straight code like `unrolled`; on a GPU, if it has the form of one, a matrix
/// instruction of a warp.
enum class loop_kind : unsigned char {
  serial,
  parallel,
  unrolled,
  vectorized,
  dot,
  block,
  thread,
  tensor
};

/// True for loops that become straight code if their trip count is constant, one copy per
/// iteration.
constexpr bool is_written_out(loop_kind how) {
  return how == loop_kind::unrolled || how == loop_kind::dot || how == loop_kind::tensor;
}

/// Kind of a statement.
enum class stmt_kind : unsigned char {
  block,     ///< children in order
  loop,      ///< children repeated for variable = 0 .. extent-1
  branch,    ///< condition ? children[0] : children[1] (children[1] may be absent)
  store,     ///< buffer[index] = value
  prefetch,  ///< hint: buffer[index] is needed soon
  together   ///< children in order; on a GPU all threads of a block do them together, between two
             ///< barriers: their thread loops share the work of one execution
};

/// One statement.
struct statement {
  stmt_kind what{};
  loop_kind how{};
  expr variable = none;    ///< loop
  expr extent = none;      ///< loop: trip count, i64 expression
  std::int64_t lanes = 0;  ///< vectorized loop: largest trip count
  int buffers = 1;         ///< together: iterations of the loop around it that are there at once
  expr condition = none;   ///< branch: boolean expression
  std::int32_t buffer = none;  ///< store, prefetch
  expr index = none;           ///< store, prefetch: flat element index
  expr value = none;           ///< store
  sequence<stmt> children;
};

/// One exported function: its body and how it may be split into tasks.
struct phase {
  std::string name;
  stmt body = none;  ///< parallel: a loop statement of kind parallel
  std::int64_t tasks = 1;
  bool parallel = false;
  bool bind_only = false;
};

/// A lowered operator: what every emitter turns into text.
struct nest {
  std::string name;
  pool exprs;
  sequence<buffer> buffers;  ///< parameters first, in the operator's order
  sequence<statement> stmts;
  sequence<phase> phases;
  int param_count = 0;

  stmt add(statement value) {
    stmts.push_back(std::move(value));
    return static_cast<stmt>(stmts.size() - 1);
  }
  const statement& operator[](stmt handle) const { return stmts[static_cast<std::size_t>(handle)]; }
};

template <class Rewrite>
expr pool::rewrite_loads(expr handle, Rewrite&& rewrite) {
  flat_map<expr, expr> memo;
  auto leaf = [&](expr at, std::span<const expr> indices) -> expr {
    return nodes_[static_cast<std::size_t>(at)].what == kind::load ? rewrite(at, indices) : at;
  };
  return transform(handle, memo, leaf);
}

/// Rebuilds `handle` bottom-up; `leaf(node, new args)` decides about variables and loads.
template <class Leaf>
expr pool::transform(expr handle, flat_map<expr, expr>& memo, Leaf& leaf) {
  if (handle == none) return none;
  if (auto hit = memo.find(handle); hit != memo.end()) return hit->second;
  const node at = (*this)[handle];  // a copy: the arena may grow below
  expr out = handle;
  switch (at.what) {
    case kind::linear: {
      const sequence<term> old(terms(handle).begin(), terms(handle).end());
      out = constant(at.imm);
      for (const term& each : old)
        out = add(out, scale(transform(each.atom, memo, leaf), each.coef));
      break;
    }
    case kind::variable: out = leaf(handle, std::span<const expr>{}); break;
    case kind::floor_div: out = floor_div(transform(at.a, memo, leaf), at.imm); break;
    case kind::floor_mod: out = floor_mod(transform(at.a, memo, leaf), at.imm); break;
    case kind::literal: break;
    case kind::load: {
      sequence<expr> indices(args(handle).begin(), args(handle).end());
      for (expr& index : indices) index = transform(index, memo, leaf);
      out = leaf(handle, indices);
      if (out == handle) out = load(static_cast<std::int32_t>(at.imm), at.type, indices);
      break;
    }
    case kind::unary: out = unary(at.fn, at.type, transform(at.a, memo, leaf)); break;
    case kind::binary: {
      const expr left = transform(at.a, memo, leaf);
      out = binary(at.fn, at.type, left, transform(at.b, memo, leaf));
      break;
    }
    case kind::select: {
      const expr condition = transform(at.a, memo, leaf);
      const expr then = transform(at.b, memo, leaf);
      out = select(condition, then, transform(at.c, memo, leaf));
      break;
    }
    case kind::cast: out = cast(at.type, transform(at.a, memo, leaf)); break;
    case kind::call: {
      sequence<expr> operands(args(handle).begin(), args(handle).end());
      for (expr& operand : operands) operand = transform(operand, memo, leaf);
      out = call(name(at.imm), at.type, operands);
      break;
    }
  }
  memo.add(handle, out);
  return out;
}

}  // namespace lathe::ir

#if LATHE_HEADER_ONLY
#  include <lathe/lower/ir.ipp>
#endif
