/// @file
/// Operators and functions on expressions. They accept any operand loosely and explain a misuse in
/// one static_assert, then return poison: tight constraints would give a page of "no match".
#pragma once

#include <lathe/dsl/expr.hpp>

#include <utility>

namespace lathe {
namespace dsl {

template <class Operand>
inline constexpr bool is_tensor = false;  // specialised in tensor.hpp

template <class Operand>
inline constexpr bool is_integer_literal =
    std::is_integral_v<Operand> && !std::is_same_v<Operand, bool>;

/// A C++ value or expression as an element value; poison if it is neither.
/// @error E010 for a tensor without indices, E016 for anything else foreign
template <class Operand>
constexpr auto as_value(const Operand& operand) {
  if constexpr (value_expression<Operand> || is_poison<Operand>) {
    return operand;
  } else if constexpr (index_expression<Operand>) {
    return index_value<Operand>{operand};
  } else if constexpr (std::is_same_v<Operand, bool>) {
    return literal<bool>{operand};
  } else if constexpr (std::is_integral_v<Operand>) {
    return literal<weak_int>{static_cast<std::int64_t>(operand)};
  } else if constexpr (std::is_floating_point_v<Operand>) {
    return literal<weak_float>{static_cast<double>(operand)};
  } else if constexpr (is_tensor<Operand>) {
    static_assert(rule::takes_indices<Operand, Operand::rank, -1>, LATHE_E010);
    return poison{};
  } else {
    static_assert(rule::is_expression<Operand>, LATHE_E016);
    return poison{};
  }
}
template <class Operand>
using value_of = decltype(as_value(std::declval<const Operand&>()));

template <opcode Op, class Left, class Right>
constexpr auto make_index(const Left& left, const Right& right) {
  return index_binary<Op, Left, Right>{left, right};
}

// Integer arithmetic on gathered elements becomes index arithmetic, so that S(c) / K rounds down
// like any index. Division by an element stays an element value.
template <class Value>
inline constexpr bool is_index_arithmetic = false;
template <opcode Op, class Left, class Right>
inline constexpr bool is_index_arithmetic<binary<Op, Left, Right>> =
    Op == opcode::add || Op == opcode::sub || Op == opcode::mul ||
    ((Op == opcode::div || Op == opcode::mod) && std::is_same_v<Right, literal<weak_int>>);
template <class Index>
constexpr const Index& index_inside(const index_value<Index>& value) {
  return value.index;
}
template <class Value>
inline constexpr bool is_index_value = false;
template <class Index>
inline constexpr bool is_index_value<index_value<Index>> = true;

template <class Operand>
constexpr auto as_index(const Operand& operand);

template <opcode Op, class Left, class Right>
constexpr auto as_index_arithmetic(const binary<Op, Left, Right>& operand) {
  return make_index<Op>(as_index(operand.left), as_index(operand.right));
}

/// A C++ integer or expression as an index; poison if it is neither.
/// @error E011 if it is not an integer
template <class Operand>
constexpr auto as_index(const Operand& operand) {
  if constexpr (index_expression<Operand> || is_poison<Operand>) {
    return operand;
  } else if constexpr (is_integer_literal<Operand>) {
    return index_constant{static_cast<std::int64_t>(operand)};
  } else if constexpr (value_expression<Operand>) {
    constexpr dtype kind = kind_of<typename Operand::element>;
    if constexpr (is_float(kind) || kind == dtype::boolean) {
      static_assert(rule::is_integer_index<typename Operand::element>, LATHE_E011);
      return poison{};
    } else if constexpr (std::is_same_v<Operand, literal<weak_int>>) {
      return index_constant{operand.number};
    } else if constexpr (is_index_value<Operand>) {
      return index_inside(operand);
    } else if constexpr (is_index_arithmetic<Operand>) {
      return as_index_arithmetic(operand);
    } else {
      return gather<Operand>{operand};
    }
  } else {
    static_assert(rule::is_integer_index<Operand>, LATHE_E011);
    return poison{};
  }
}
template <class Operand>
using index_of = decltype(as_index(std::declval<const Operand&>()));

/// `left Op right` on two element values.
/// @error E014 if their element types differ, E029 / E030 / E033 if they do not fit the operation
template <opcode Op, class Left, class Right>
constexpr auto combine(const Left& left, const Right& right) {
  if constexpr (is_poison<Left> || is_poison<Right>) {
    return poison{};
  } else {
    using left_element = typename Left::element;
    using right_element = typename Right::element;
    constexpr bool any_boolean =
        std::is_same_v<left_element, bool> || std::is_same_v<right_element, bool>;
    constexpr bool any_float = is_float(kind_of<left_element>) || is_float(kind_of<right_element>);
    if constexpr (is_half(kind_of<left_element>) || is_half(kind_of<right_element>)) {
      static_assert(rule::is_for_computing<left_element, right_element>, LATHE_E033);
      return poison{};
    } else if constexpr (is_logical(Op)) {
      if constexpr (std::is_same_v<left_element, bool> && std::is_same_v<right_element, bool>) {
        return binary<Op, Left, Right>{left, right};
      } else {
        static_assert(rule::is_condition<std::conditional_t<std::is_same_v<left_element, bool>,
                                                            right_element, left_element>>,
                      LATHE_E015);
        return poison{};
      }
    } else if constexpr (any_boolean) {
      static_assert(rule::is_number<Left, Right>, LATHE_E030);
      return poison{};
    } else if constexpr (!is_compatible(kind_of<left_element>, kind_of<right_element>)) {
      static_assert(rule::same_element_type<left_element, right_element>, LATHE_E014);
      return poison{};
    } else if constexpr (Op == opcode::mod && any_float) {
      static_assert(rule::is_integer<joined<left_element, right_element>>, LATHE_E029);
      return poison{};
    } else if constexpr (Op == opcode::pow && !any_float) {
      static_assert(rule::is_floating_point<joined<left_element, right_element>>, LATHE_E028);
      return poison{};
    } else {
      return binary<Op, Left, Right>{left, right};
    }
  }
}

// Two indices, or an index and an integer.
template <opcode Op, class Left, class Right>
constexpr auto index_arithmetic(const Left& left, const Right& right) {
  constexpr bool is_sum = Op == opcode::add || Op == opcode::sub;
  constexpr bool is_product = Op == opcode::mul;
  if constexpr (!(index_expression<Left> || is_integer_literal<Left>) ||
                !(index_expression<Right> || is_integer_literal<Right>)) {
    if constexpr (std::is_floating_point_v<Left> || std::is_floating_point_v<Right>) {
      static_assert(rule::is_element_value<std::conditional_t<index_expression<Left>, Left, Right>>,
                    LATHE_E013);
    } else if constexpr (is_tensor<Left> || is_tensor<Right>) {
      return combine<Op>(as_value(left), as_value(right));
    } else {
      static_assert(rule::is_expression<std::conditional_t<index_expression<Left>, Right, Left>>,
                    LATHE_E016);
    }
    return poison{};
  } else if constexpr (is_sum ||
                       (is_product && !(index_expression<Left> && index_expression<Right>)) ||
                       !index_expression<Right>) {
    return make_index<Op>(as_index(left), as_index(right));
  } else {
    static_assert(rule::is_affine<Left, Right>, LATHE_E012);
    return poison{};
  }
}

/// `left Op right` for + - * / %: index arithmetic if no element value is involved.
template <opcode Op, class Left, class Right>
constexpr auto arithmetic(const Left& left, const Right& right) {
  if constexpr (is_poison<Left> || is_poison<Right>) {
    return poison{};
  } else if constexpr (!value_expression<Left> && !value_expression<Right>) {
    return index_arithmetic<Op>(left, right);
  } else if constexpr (!index_expression<Left> && !index_expression<Right>) {
    return combine<Op>(as_value(left), as_value(right));
  } else {  // y + S(c) is an indirect index; alpha * i is not
    using value = std::conditional_t<index_expression<Left>, Right, Left>;
    constexpr dtype kind = kind_of<typename value::element>;
    if constexpr ((Op == opcode::add || Op == opcode::sub) && !is_float(kind) &&
                  kind != dtype::boolean) {
      return make_index<Op>(as_index(left), as_index(right));
    } else {
      static_assert(rule::is_element_value<std::conditional_t<index_expression<Left>, Left, Right>>,
                    LATHE_E013);
      return poison{};
    }
  }
}

/// `left Op right` for comparisons. An axis compares with numbers and with integer elements.
template <opcode Op, class Left, class Right>
constexpr auto compare(const Left& left, const Right& right) {
  if constexpr (value_expression<Left> && index_expression<Right>) {
    return combine<Op>(as_value(as_index(left)), as_value(right));
  } else if constexpr (index_expression<Left> && value_expression<Right>) {
    return combine<Op>(as_value(left), as_value(as_index(right)));
  } else {
    return combine<Op>(as_value(left), as_value(right));
  }
}

/// `Op operand`. @error E028 if a math function is given integers, E030 for a comparison, E033
template <opcode Op, class Operand>
constexpr auto apply(const Operand& operand) {
  if constexpr (is_poison<Operand>) {
    return poison{};
  } else {
    using element = typename Operand::element;
    if constexpr (std::is_same_v<element, bool>) {
      static_assert(rule::is_number<element>, LATHE_E030);
      return poison{};
    } else if constexpr (is_half(kind_of<element>)) {
      static_assert(rule::is_for_computing<element>, LATHE_E033);
      return poison{};
    } else if constexpr (is_math_function(Op) && !is_float(kind_of<element>)) {
      static_assert(rule::is_floating_point<element>, LATHE_E028);
      return poison{};
    } else {
      return unary<Op, Operand>{operand};
    }
  }
}

#define LATHE_BINARY_OPERATOR(symbol, function, name)                    \
  template <class Left, class Right>                                     \
  requires operands<Left, Right>                                         \
  constexpr auto operator symbol(const Left& left, const Right& right) { \
    return function<opcode::name>(left, right);                          \
  }
LATHE_BINARY_OPERATOR(+, arithmetic, add)
LATHE_BINARY_OPERATOR(-, arithmetic, sub)
LATHE_BINARY_OPERATOR(*, arithmetic, mul)
LATHE_BINARY_OPERATOR(/, arithmetic, div)
LATHE_BINARY_OPERATOR(%, arithmetic, mod)
LATHE_BINARY_OPERATOR(<, compare, less)
LATHE_BINARY_OPERATOR(<=, compare, less_equal)
LATHE_BINARY_OPERATOR(>, compare, greater)
LATHE_BINARY_OPERATOR(>=, compare, greater_equal)
LATHE_BINARY_OPERATOR(==, compare, equal)
LATHE_BINARY_OPERATOR(!=, compare, not_equal)
LATHE_BINARY_OPERATOR(&&, compare, logical_and)
LATHE_BINARY_OPERATOR(||, compare, logical_or)
#undef LATHE_BINARY_OPERATOR

/// `-x`
template <expression Operand>
constexpr auto operator-(const Operand& operand) {
  if constexpr (index_expression<Operand>) {
    return make_index<opcode::mul>(operand, index_constant{-1});
  } else {
    return apply<opcode::neg>(operand);
  }
}

/// `!condition`. @error E015 if it is not a comparison
template <expression Operand>
constexpr auto operator!(const Operand& operand) {
  if constexpr (is_poison<Operand>) {
    return poison{};
  } else if constexpr (index_expression<Operand>) {
    static_assert(rule::is_condition<Operand>, LATHE_E015);
    return poison{};
  } else if constexpr (!std::is_same_v<typename Operand::element, bool>) {
    static_assert(rule::is_condition<typename Operand::element>, LATHE_E015);
    return poison{};
  } else {
    return unary<opcode::logical_not, Operand>{operand};
  }
}

#define LATHE_UNARY_FUNCTION(name)                                \
  template <expression Operand>                                   \
  constexpr auto name(const Operand& operand) {                   \
    if constexpr (index_expression<Operand>) {                    \
      static_assert(rule::is_element_value<Operand>, LATHE_E013); \
      return poison{};                                            \
    } else {                                                      \
      return apply<opcode::name>(operand);                        \
    }                                                             \
  }
LATHE_UNARY_FUNCTION(exp)
LATHE_UNARY_FUNCTION(log)
LATHE_UNARY_FUNCTION(sqrt)
LATHE_UNARY_FUNCTION(tanh)
LATHE_UNARY_FUNCTION(erf)
LATHE_UNARY_FUNCTION(sin)
LATHE_UNARY_FUNCTION(cos)
LATHE_UNARY_FUNCTION(floor)
LATHE_UNARY_FUNCTION(abs)
#undef LATHE_UNARY_FUNCTION

// An index and a value meet in a function: the index is no number there.
template <opcode Op, class Left, class Right>
constexpr auto function_of_two(const Left& left, const Right& right) {
  if constexpr (index_expression<Left> || index_expression<Right>) {
    static_assert(rule::is_element_value<std::conditional_t<index_expression<Left>, Left, Right>>,
                  LATHE_E013);
    return poison{};
  } else {
    return combine<Op>(as_value(left), as_value(right));
  }
}

// The second form, one type for both operands, is more constrained than std::max(const T&, const
// T&) and so is chosen when both are visible.
#define LATHE_BINARY_FUNCTION(name)                                \
  template <class Left, class Right>                               \
  requires function_operands<Left, Right>                          \
  constexpr auto name(const Left& left, const Right& right) {      \
    return function_of_two<opcode::name>(left, right);             \
  }                                                                \
  template <function_operand Operand>                              \
  constexpr auto name(const Operand& left, const Operand& right) { \
    return combine<opcode::name>(left, right);                     \
  }
LATHE_BINARY_FUNCTION(max)
LATHE_BINARY_FUNCTION(min)
LATHE_BINARY_FUNCTION(pow)
#undef LATHE_BINARY_FUNCTION

}  // namespace dsl

using dsl::abs;
using dsl::cos;
using dsl::erf;
using dsl::exp;
using dsl::floor;
using dsl::log;
using dsl::pow;
using dsl::sin;
using dsl::sqrt;
using dsl::tanh;

/// `condition ? yes : no`, element by element and lazily: the branch not taken is never evaluated,
/// so its indices may leave the tensor there.
/// @error E015 if the condition is not a comparison, E014 if the branches' element types differ
template <class Condition, class Yes, class No>
constexpr auto select(const Condition& condition, const Yes& yes, const No& no) {
  auto test = dsl::as_value(condition);
  auto first = dsl::as_value(yes);
  auto second = dsl::as_value(no);
  using test_type = decltype(test);
  using first_type = decltype(first);
  using second_type = decltype(second);
  if constexpr (dsl::is_poison<test_type> || dsl::is_poison<first_type> ||
                dsl::is_poison<second_type>) {
    return dsl::poison{};
  } else if constexpr (!std::is_same_v<typename test_type::element, bool>) {
    static_assert(rule::is_condition<typename test_type::element>, LATHE_E015);
    return dsl::poison{};
  } else if constexpr (!dsl::is_compatible(dsl::kind_of<typename first_type::element>,
                                           dsl::kind_of<typename second_type::element>)) {
    static_assert(
        rule::same_element_type<typename first_type::element, typename second_type::element>,
        LATHE_E014);
    return dsl::poison{};
  } else {
    return dsl::selection<test_type, first_type, second_type>{test, first, second};
  }
}

/// `operand` converted to Element as by static_cast; makes a number of an axis or a comparison.
/// An element value of that type stays as it is.
/// @error E022 if Element is not an element type
template <class Element, class Operand>
constexpr auto cast(const Operand& operand) {
  auto value = dsl::as_value(operand);
  if constexpr (dsl::is_poison<decltype(value)>) {
    return dsl::poison{};
  } else if constexpr (!dsl::is_tensor_element<Element>) {
    static_assert(rule::is_element_type<Element>, LATHE_E022);
    return dsl::poison{};
  } else if constexpr (std::is_same_v<typename decltype(value)::element, Element> &&
                       !dsl::is_index_value<decltype(value)>) {
    return value;
  } else {
    return dsl::conversion<Element, decltype(value)>{value};
  }
}

/// A call of the external C function `Name(arguments...)` that returns Element. Literals among the
/// arguments take the type Element. The function must be pure (it may be called more or less often
/// than the formula says, from several threads) and must not throw; api/functions.hpp says how it
/// is found. Vectorized loops call it once per element.
/// @error E021 if there are more than three arguments, E022 if Element is not an element type
template <fixed_string Name, class Element, class... Arguments>
constexpr auto call(const Arguments&... arguments) {
  if constexpr (!dsl::is_tensor_element<Element>) {
    static_assert(rule::is_element_type<Element>, LATHE_E022);
    return dsl::poison{};
  } else if constexpr (int(sizeof...(Arguments)) > max_call_arguments) {
    static_assert(rule::has_at_most_three_arguments<int(sizeof...(Arguments))>, LATHE_E021);
    return dsl::poison{};
  } else if constexpr ((dsl::is_poison<dsl::value_of<Arguments>> || ...)) {
    return dsl::poison{};
  } else if constexpr (is_half(dsl::kind_of<Element>) ||
                       (is_half(dsl::kind_of<typename dsl::value_of<Arguments>::element>) || ...)) {
    static_assert(rule::is_for_computing<Element>, LATHE_E033);
    return dsl::poison{};
  } else {
    return dsl::external_call<dsl::id_of<Name>, Element, dsl::value_of<Arguments>...>{
        dsl::as_value(arguments)...};
  }
}

}  // namespace lathe
