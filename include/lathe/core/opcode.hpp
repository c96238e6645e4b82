/// @file
/// Operations of expressions and the limits of the language: shared by the expression types (dsl/),
/// the flat description (analysis/desc.hpp) and everything that walks either.
#pragma once

#include <cstdint>

namespace lathe {

/// "Not known from the type alone": an extent, shape or literal that only the value has.
inline constexpr std::int64_t unknown_extent = INT64_MIN;

/// Largest extent of an axis [iterations].
inline constexpr std::int64_t max_extent = std::int64_t{1} << 40;

/// Highest tensor rank.
inline constexpr int max_rank = 6;

/// Most arguments of an external function.
inline constexpr int max_call_arguments = 3;

/// Most loops (spatial and reduce) of one statement.
inline constexpr int max_stage_axes = 16;

/// Operation of an expression node. Operands are `a`, `b`, `c` (node indices, -1 = none).
// clang-format off: one group of operations per line
enum class opcode : unsigned char {
  literal,  ///< constant: `imm` if `type` is an integer kind, else `num`
  axis,     ///< value of a loop variable, i64: `imm` = index into axes
  load,     ///< tensor element: `imm` = index into accesses
  arg,      ///< operand of a user-defined combiner: `imm` = 0 (accumulated) or 1 (new term)
  add,
  sub,
  mul,
  div,
  mod,  ///< C++ division and remainder of element values
  floor_div,
  floor_mod,  ///< `/` and `%` of index expressions (i64): the quotient is rounded down
  min,
  max,
  neg,
  abs,
  exp,
  log,
  sqrt,
  tanh,
  erf,
  sin,
  cos,
  pow,
  floor,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  logical_and,
  logical_or,
  logical_not,
  select,  ///< a ? b : c, lazy: the branch not taken is never evaluated
  cast,    ///< `a` converted to `type`
  call,    ///< external function `name`(a, b, c)
  reduce   ///< `a` reduced over axes [imm, imm + count) as desc_expr::kind says; user reducers:
           ///< b = identity (literal), c = combiner (over arg nodes), both -1 for the others
};
// clang-format on

/// How a reduce node combines terms. `user`: expression c over arg 0 and arg 1.
enum class reducer_kind : unsigned char { sum, prod, max, min, user };

/// True for comparisons: their result is boolean, their operands are numbers.
constexpr bool is_comparison(opcode op) { return op >= opcode::less && op <= opcode::not_equal; }

/// True for what index expressions are made of: + - * and the rounding down / and %.
constexpr bool is_index_operation(opcode op) {
  return (op >= opcode::add && op <= opcode::mul) || op == opcode::floor_div ||
         op == opcode::floor_mod;
}

/// True for `&&`, `||` and `!`.
constexpr bool is_logical(opcode op) {
  return op >= opcode::logical_and && op <= opcode::logical_not;
}

/// True for the functions that are defined on floating-point numbers only.
constexpr bool is_math_function(opcode op) { return op >= opcode::exp && op <= opcode::floor; }

}  // namespace lathe
