/// @file
/// Kinds of operands: index expressions, element values, and the poison that a reported mistake
/// leaves behind. The expression types derive from one of the three empty bases.
#pragma once

#include <type_traits>

namespace lathe::dsl {

/// Base of index expressions: axes and their integer arithmetic. Type i64.
struct index_base {};
/// Base of element values. Each has a member type `element` and a `static constexpr capacity size`.
struct value_base {};
/// Base of poison.
struct poison_base {};

/// What a reported mistake returns: accepted by everything, reported by nothing, so that one
/// mistake gives one error.
struct poison : poison_base {};

/// An axis, integer arithmetic on axes, or a gather.
template <class Operand>
concept index_expression = std::is_base_of_v<index_base, Operand>;
/// A tensor element, a param, a literal, or a computation on them.
template <class Operand>
concept value_expression = std::is_base_of_v<value_base, Operand>;
/// Any node of an expression.
template <class Operand>
concept expression = index_expression<Operand> || value_expression<Operand> ||
    std::is_base_of_v<poison_base, Operand>;
/// Operands of + - * / % and comparisons: an expression on either side, so that a foreign operand
/// on the other can be explained.
template <class Left, class Right>
concept operands = expression<Left> || expression<Right>;
/// Different operands of max, min and pow. Two axes belong to a reduction: max(r, s)(...).
template <class Left, class Right>
concept function_operands = operands<Left, Right> && !std::is_same_v<Left, Right> &&
                            !(index_expression<Left> && index_expression<Right>);
/// An operand of max, min and pow that both sides share.
template <class Operand>
concept function_operand = expression<Operand> && !index_expression<Operand>;
/// A C++ integer type.
template <class Number>
concept integer = std::is_integral_v<Number>;
/// True for poison alone.
template <class Operand>
inline constexpr bool is_poison = std::is_base_of_v<poison_base, Operand>;

}  // namespace lathe::dsl
