/// @file
/// Reductions: sum, prod, max, min over axes, and user-defined reducers.
#pragma once

#include <lathe/dsl/operators.hpp>

namespace lathe {
namespace dsl {

/// One of the reducers that every target knows. Its identity is implied: 0, 1, lowest, highest.
template <reducer_kind Kind>
struct built_in_reducer {
  static constexpr reducer_kind kind = Kind;
  template <class Element>
  static constexpr capacity size{};

  /// The expression that joins the accumulated value, argument 0, and the new term, argument 1.
  template <class Element>
  constexpr auto combine() const {
    constexpr opcode op = Kind == reducer_kind::sum    ? opcode::add
                          : Kind == reducer_kind::prod ? opcode::mul
                          : Kind == reducer_kind::max  ? opcode::max
                                                       : opcode::min;
    return binary<op, argument<Element, 0>, argument<Element, 1>>{};
  }
};

/// A reducer with a user's combiner and identity.
template <class Combiner>
struct user_reducer {
  static constexpr reducer_kind kind = reducer_kind::user;
  double identity = 0;
  [[no_unique_address]] Combiner combiner;

  /// The expression that joins argument 0 and argument 1.
  template <class Element>
  constexpr auto combine() const {
    return as_value(combiner(argument<Element, 0>{}, argument<Element, 1>{}));
  }
  template <class Element>
  static constexpr capacity size =
      decltype(std::declval<const user_reducer&>().template combine<Element>())::size + capacity{1};
};

/// A reducer and its axes, waiting for the expression: the sum(k) of sum(k)(A(i, k)).
template <class Reducer, class... Axes>
struct reduction_over {
  Reducer reducer;
  detail::hana::basic_tuple<Axes...> axes;

  /// Reduces `operand` over the axes. Literals alone have the type of what they are assigned to.
  template <class Operand>
  constexpr auto operator()(const Operand& operand) const {
    auto value = as_value(operand);
    using value_type = decltype(value);
    if constexpr (is_poison<value_type>) {
      return poison{};
    } else if constexpr (std::is_same_v<typename value_type::element, bool>) {
      static_assert(rule::is_number<typename value_type::element>, LATHE_E030);
      return poison{};
    } else if constexpr (is_half(kind_of<typename value_type::element>)) {
      static_assert(rule::is_for_computing<typename value_type::element>, LATHE_E033);
      return poison{};
    } else if constexpr (Reducer::kind == reducer_kind::user) {
      return over_user_combiner(value);
    } else {
      return reduction<Reducer, value_type, Axes...>{reducer, value, axes};
    }
  }

 private:
  template <class Value>
  constexpr auto over_user_combiner(const Value& value) const {
    using element = typename Value::element;
    using combined = decltype(reducer.template combine<element>());
    if constexpr (is_poison<combined>) {
      return poison{};
    } else if constexpr (!is_compatible(kind_of<typename combined::element>, kind_of<element>)) {
      static_assert(rule::is_combined_value<typename combined::element>, LATHE_E031);
      return poison{};
    } else {
      return reduction<Reducer, Value, Axes...>{reducer, value, axes};
    }
  }
};

/// What a mistake in the axes of a reduction leaves behind.
struct poison_reduction : poison {
  template <class Operand>
  constexpr poison operator()(const Operand&) const {
    return {};
  }
};

template <class Reducer, class... Axes>
constexpr auto reduce_over(const Reducer& reducer, const Axes&... axes) {
  if constexpr (sizeof...(Axes) == 0 || !(is_axis<Axes> && ...)) {
    static_assert(rule::are_reduce_axes<Axes...>, LATHE_E018);
    return poison_reduction{};
  } else {
    return reduction_over<Reducer, Axes...>{reducer, detail::hana::basic_tuple<Axes...>{axes...}};
  }
}

/// max(k)(...): the largest term.
template <index_expression... Axes>
constexpr auto max(const Axes&... axes) {
  return reduce_over(built_in_reducer<reducer_kind::max>{}, axes...);
}
/// min(k)(...): the smallest term.
template <index_expression... Axes>
constexpr auto min(const Axes&... axes) {
  return reduce_over(built_in_reducer<reducer_kind::min>{}, axes...);
}

/// Explains max(A(i, k)): the axes are missing. @error E018
template <value_expression Operand>
constexpr auto max(const Operand&) {
  static_assert(rule::are_reduce_axes<Operand>, LATHE_E018);
  return poison_reduction{};
}
/// Explains min(A(i, k)): the axes are missing. @error E018
template <value_expression Operand>
constexpr auto min(const Operand&) {
  static_assert(rule::are_reduce_axes<Operand>, LATHE_E018);
  return poison_reduction{};
}

}  // namespace dsl

using dsl::max;
using dsl::min;

/// sum(r, s)(...): the sum of the terms over all values of the axes, outermost first.
/// @error E018 if an argument is not a plain axis
template <class... Axes>
constexpr auto sum(const Axes&... axes) {
  return dsl::reduce_over(dsl::built_in_reducer<reducer_kind::sum>{}, axes...);
}

/// prod(k)(...): the product of the terms.
/// @error E018 if an argument is not a plain axis
template <class... Axes>
constexpr auto prod(const Axes&... axes) {
  return dsl::reduce_over(dsl::built_in_reducer<reducer_kind::prod>{}, axes...);
}

/// A user-defined reducer: `reducer r(0.0, [](auto a, auto b) { return max(a, abs(b)); });` then
/// `r(k)(...)`. The combiner must be associative and commutative, `identity` its neutral element.
/// @error E019 if the combiner captures, E031 if it does not return the reduced element type
template <class Combiner>
struct reducer {
  double identity;  ///< converted to the reduced element type
  [[no_unique_address]] Combiner combiner;

  constexpr reducer(double neutral, Combiner combine) : identity(neutral), combiner(combine) {}

  /// The reduction over these axes, waiting for its expression.
  template <class... Axes>
  constexpr auto operator()(const Axes&... axes) const {
    if constexpr (!std::is_empty_v<Combiner>) {
      static_assert(rule::captures_nothing<Combiner>, LATHE_E019);
      return dsl::poison_reduction{};
    } else {
      return dsl::reduce_over(dsl::user_reducer<Combiner>{identity, combiner}, axes...);
    }
  }
};

}  // namespace lathe
