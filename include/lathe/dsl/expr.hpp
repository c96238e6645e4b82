/// @file
/// The nodes of element expressions. Plain structs that hold their children by value: the type says
/// what is computed, the members hold the numbers. analysis/describe.hpp and api/evaluate.hpp walk
/// them; operators.hpp and tensor.hpp build them.
///
/// Every node has `element`, the C++ type of its result (weak_int and weak_float for literals that
/// have not met a typed operand), and `size`, the entries it takes in a description. All are
/// default constructible: a default-constructed operator is what the type alone says.
#pragma once

#include <lathe/core/dtype.hpp>
#include <lathe/core/hana.hpp>
#include <lathe/dsl/axis.hpp>

namespace lathe::dsl {

/// Element type of an integer literal: takes the type of the other operand.
struct weak_int {};
/// Element type of a floating-point literal: takes the type of the other, floating-point operand.
struct weak_float {};

/// dtype of an element type, weak ones included.
template <class Element>
inline constexpr dtype kind_of = dtype_of<Element>;
template <>
inline constexpr dtype kind_of<weak_int> = dtype::weak_int;
template <>
inline constexpr dtype kind_of<weak_float> = dtype::weak_float;

/// True if tensors, params and casts can have this element type: all but bool.
template <class Element>
inline constexpr bool is_tensor_element = is_element<Element> && !std::is_same_v<Element, bool>;

/// True for the kinds of literals.
constexpr bool is_weak(dtype kind) { return kind == dtype::weak_int || kind == dtype::weak_float; }

/// True if the two kinds can meet in one operation.
constexpr bool is_compatible(dtype left, dtype right) {
  if (left == right) return true;
  if (left == dtype::weak_int) return right != dtype::boolean;
  if (right == dtype::weak_int) return left != dtype::boolean;
  return (left == dtype::weak_float && is_float(right)) ||
         (right == dtype::weak_float && is_float(left));
}

// weak_int gives way to weak_float, both give way to a real element type.
template <class Left, class Right>
using joined =
    std::conditional_t<kind_of<Left> == dtype::weak_int ||
                           (kind_of<Left> == dtype::weak_float && !is_weak(kind_of<Right>)),
                       Right, Left>;

/// A number written in the expression. `number` is std::int64_t, double or bool.
template <class Element>
struct literal : value_base {
  using element = Element;
  using number_type =
      std::conditional_t<std::is_same_v<Element, weak_int>, std::int64_t,
                         std::conditional_t<std::is_same_v<Element, bool>, bool, double>>;
  number_type number{};
  static constexpr capacity size{1};

  constexpr literal() = default;
  constexpr explicit literal(number_type value) : number(value) {}
};

/// The value of an index expression, of element type i64: cast<float>(i), or i < 3.
template <class Index>
struct index_value : value_base {
  using element = std::int64_t;
  Index index;
  static constexpr capacity size = Index::size;

  constexpr index_value() = default;
  constexpr explicit index_value(const Index& source) : index(source) {}
};

/// `left Op right`: arithmetic, min, max, pow, comparison or logic. Comparison and logic give bool.
template <opcode Op, class Left, class Right>
struct binary : value_base {
  using element = std::conditional_t<is_comparison(Op) || is_logical(Op), bool,
                                     joined<typename Left::element, typename Right::element>>;
  Left left;
  Right right;
  static constexpr capacity size = Left::size + Right::size + capacity{1};

  constexpr binary() = default;
  constexpr binary(const Left& first, const Right& second) : left(first), right(second) {}
};

/// `Op operand`: negation, logical not, or a math function.
template <opcode Op, class Operand>
struct unary : value_base {
  using element = typename Operand::element;
  Operand operand;
  static constexpr capacity size = Operand::size + capacity{1};

  constexpr unary() = default;
  constexpr explicit unary(const Operand& source) : operand(source) {}
};

/// `condition ? yes : no`. Lazy: the branch not taken is never evaluated.
template <class Condition, class Yes, class No>
struct selection : value_base {
  using element = joined<typename Yes::element, typename No::element>;
  Condition condition;
  Yes yes;
  No no;
  static constexpr capacity size = Condition::size + Yes::size + No::size + capacity{1};

  constexpr selection() = default;
  constexpr selection(const Condition& test, const Yes& first, const No& second)
      : condition(test), yes(first), no(second) {}
};

/// `operand` converted to Element as by static_cast.
template <class Element, class Operand>
struct conversion : value_base {
  using element = Element;
  Operand operand;
  static constexpr capacity size = Operand::size + capacity{1};

  constexpr conversion() = default;
  constexpr explicit conversion(const Operand& source) : operand(source) {}
};

/// A call of the external function named `Id`, which returns Element.
template <class Id, class Element, class... Arguments>
struct external_call : value_base {
  using element = Element;
  using id = Id;
  detail::hana::basic_tuple<Arguments...> arguments;
  static constexpr capacity size = (Arguments::size + ... + capacity{1});

  constexpr external_call() = default;
  constexpr explicit external_call(const Arguments&... values) : arguments(values...) {}
};

/// An operand of a combiner: position 0 is the accumulated value, 1 the new term.
template <class Element, int Position>
struct argument : value_base {
  using element = Element;
  static constexpr int position = Position;
  static constexpr capacity size{1};
};

/// `value` reduced over `axes`. Reducer is built_in_reducer or user_reducer (reducer.hpp); its
/// combine<Element>() is the expression that joins argument 0 and argument 1.
template <class Reducer, class Value, class... Axes>
struct reduction : value_base {
  using element = typename Value::element;
  Reducer reducer;
  Value value;
  detail::hana::basic_tuple<Axes...> axes;
  static constexpr capacity size =
      Value::size + Reducer::template size<element> + capacity{1, int(sizeof...(Axes))};

  constexpr reduction() = default;
  constexpr reduction(const Reducer& how, const Value& what,
                      const detail::hana::basic_tuple<Axes...>& over)
      : reducer(how), value(what), axes(over) {}
};

/// A tensor element: `tensor` at `indices`, one index expression per dimension.
template <class Tensor, class... Indices>
struct access;

/// A run-time scalar, used directly as a value.
template <class Id, class Element>
struct basic_param : value_base {
  using element = Element;
  using id = Id;
  static constexpr int rank = 0;
  static constexpr capacity size{1, 0, 1, 1};
};

}  // namespace lathe::dsl
