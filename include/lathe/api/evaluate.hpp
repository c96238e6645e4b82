/// @file
/// evaluate(): the expression template runs itself. In: an operator and its arguments. Out: the
/// outputs, computed by plain nested loops that the user's own compiler compiled. Takes nothing but
/// shapes from the description and nothing at all from the loop-nest IR and the targets, so it is
/// an oracle for them, and what still works where no JIT library is installed.
///
/// How it works: every loop adds one link to a chain of scopes; an axis is looked up in the chain
/// by its type, at compile time. After inlining, what is left is the nest one would write by hand.
#pragma once

#include <lathe/api/arguments.hpp>
#include <lathe/api/functions.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>

#include <limits>

namespace lathe {
namespace detail {

/// Outermost scope: no axis, no argument.
struct empty_scope {};

/// The current value of axis `Id`.
template <class Id, class Outer>
struct axis_scope {
  const Outer& outer;
  std::int64_t value;
};

/// The two operands of a combiner.
template <class Value, class Outer>
struct combiner_scope {
  const Outer& outer;
  Value accumulated;
  Value term;
};

template <class Id, class Found, class Outer>
inline std::int64_t axis_value(const axis_scope<Found, Outer>& scope) {
  if constexpr (std::is_same_v<Id, Found>) {
    return scope.value;
  } else {
    return axis_value<Id>(scope.outer);
  }
}

// Runs `body` for all values of the axes, the last one fastest.
template <class Scope, class Body>
inline void for_each_point(const Scope& scope, const Body& body) {
  body(scope);
}
template <class Scope, class Body, class Axis, class... Axes>
inline void for_each_point(const Scope& scope, const Body& body, const Axis& axis,
                           const Axes&... axes) {
  const std::int64_t extent = axis.extent();
  for (std::int64_t value = 0; value < extent; ++value) {
    for_each_point(axis_scope<typename Axis::id, Scope>{scope, value}, body, axes...);
  }
}

/// C++ type of an expression: that of its elements, `Wanted` for literals alone.
template <class Node, class Wanted>
using evaluated = std::conditional_t<dsl::is_weak(dsl::kind_of<typename Node::element>), Wanted,
                                     typename Node::element>;

/// Type in which the two sides of a comparison meet.
template <class Left, class Right>
using compared = std::conditional_t<
    dsl::kind_of<dsl::joined<Left, Right>> == dtype::weak_int, std::int64_t,
    std::conditional_t<dsl::kind_of<dsl::joined<Left, Right>> == dtype::weak_float, double,
                       dsl::joined<Left, Right>>>;

/// + - * on integers wrap around, as on every target.
template <opcode Op, class Value>
inline Value wrapping(Value left, Value right) {
  using bits = std::uint64_t;
  const bits a = static_cast<bits>(left), b = static_cast<bits>(right);
  return static_cast<Value>(Op == opcode::add ? a + b : Op == opcode::sub ? a - b : a * b);
}

template <opcode Op, class Value>
inline auto operate(Value left, Value right) {
  if constexpr (Op == opcode::add || Op == opcode::sub || Op == opcode::mul) {
    if constexpr (std::is_integral_v<Value>) {
      return wrapping<Op>(left, right);
    } else if constexpr (Op == opcode::add) {
      return left + right;
    } else if constexpr (Op == opcode::sub) {
      return left - right;
    } else {
      return left * right;
    }
  } else if constexpr (Op == opcode::div) {
    return static_cast<Value>(left / right);
  } else if constexpr (Op == opcode::mod) {
    return static_cast<Value>(left % right);
  } else if constexpr (Op == opcode::min) {
    return right < left ? right : left;
  } else if constexpr (Op == opcode::max) {
    return left < right ? right : left;
  } else if constexpr (Op == opcode::pow) {
    return math::pow(left, right);
  } else if constexpr (Op == opcode::less) {
    return left < right;
  } else if constexpr (Op == opcode::less_equal) {
    return left <= right;
  } else if constexpr (Op == opcode::greater) {
    return left > right;
  } else if constexpr (Op == opcode::greater_equal) {
    return left >= right;
  } else if constexpr (Op == opcode::equal) {
    return left == right;
  } else {
    static_assert(Op == opcode::not_equal);
    return left != right;
  }
}

template <opcode Op, class Value>
inline Value operate(Value operand) {
  if constexpr (Op == opcode::logical_not) {
    return !operand;
  } else if constexpr (Op == opcode::neg) {
    if constexpr (std::is_integral_v<Value>) return wrapping<opcode::sub>(Value{0}, operand);
    return static_cast<Value>(-operand);
  } else if constexpr (Op == opcode::abs) {
    if constexpr (std::is_floating_point_v<Value>) return math::abs(operand);
    return operand < Value{0} ? wrapping<opcode::sub>(Value{0}, operand) : operand;
  } else if constexpr (Op == opcode::exp) {
    return math::exp(operand);
  } else if constexpr (Op == opcode::log) {
    return math::log(operand);
  } else if constexpr (Op == opcode::sqrt) {
    return math::sqrt(operand);
  } else if constexpr (Op == opcode::tanh) {
    return math::tanh(operand);
  } else if constexpr (Op == opcode::erf) {
    return math::erf(operand);
  } else if constexpr (Op == opcode::sin) {
    return math::sin(operand);
  } else if constexpr (Op == opcode::cos) {
    return math::cos(operand);
  } else {
    static_assert(Op == opcode::floor);
    return math::floor(operand);
  }
}

/// Neutral element of a built-in reducer.
template <reducer_kind Kind, class Value>
constexpr Value neutral() {
  using limits = std::numeric_limits<Value>;
  if constexpr (Kind == reducer_kind::sum) {
    return Value{0};
  } else if constexpr (Kind == reducer_kind::prod) {
    return Value{1};
  } else if constexpr (Kind == reducer_kind::max) {
    return limits::has_infinity ? -limits::infinity() : limits::lowest();
  } else {
    return limits::has_infinity ? limits::infinity() : limits::max();
  }
}

/// Where the tensors are. `Ids` are all tensors of the operator: parameters, then intermediates.
template <class... Ids>
struct expression_runner {
  void* data[sizeof...(Ids)];
  const desc_view& description;   // of shapes; tensors in the order of their first occurrence
  int described[sizeof...(Ids)];  // position in the description

  template <class Id>
  static constexpr int position = position_of<Id, Ids...>();

  template <class Tensor>
  typename Tensor::element* elements() const {
    return static_cast<typename Tensor::element*>(data[position<typename Tensor::id>]);
  }
  template <class Tensor>
  const std::int64_t* shape() const {
    return description.tensors[described[position<typename Tensor::id>]].shape;
  }

  // ------------------------------------------------------------------------------- indices
  template <class Id, std::int64_t Extent, class Scope>
  static std::int64_t index(const dsl::basic_axis<Id, Extent>&, const expression_runner&,
                            const Scope& scope) {
    return axis_value<Id>(scope);
  }
  template <class Scope>
  static std::int64_t index(const dsl::index_constant& node, const expression_runner&,
                            const Scope&) {
    return node.value;
  }
  template <opcode Op, class Left, class Right, class Scope>
  static std::int64_t index(const dsl::index_binary<Op, Left, Right>& node,
                            const expression_runner& in, const Scope& scope) {
    const std::int64_t left = index(node.left, in, scope);
    const std::int64_t right = index(node.right, in, scope);
    if constexpr (Op == opcode::add) {
      return left + right;
    } else if constexpr (Op == opcode::sub) {
      return left - right;
    } else if constexpr (Op == opcode::mul) {
      return left * right;
    } else {
      const std::int64_t rest = left % right < 0 ? left % right + right : left % right;
      return Op == opcode::mod || Op == opcode::floor_mod ? rest : (left - rest) / right;
    }
  }
  template <class Value, class Scope>
  static std::int64_t index(const dsl::gather<Value>& node, const expression_runner& in,
                            const Scope& scope) {
    return static_cast<std::int64_t>(value<std::int64_t>(node.value, in, scope));
  }

  // Row-major position of an element. The last index has no factor, so that compilers see stride 1.
  template <class Tensor, class Scope, class... Indices>
  static std::int64_t offset(const dsl::access<Tensor, Indices...>& node,
                             const expression_runner& in, const Scope& scope) {
    return hana::unpack(node.indices, [&](const Indices&... indices) {
      const std::int64_t* extent = in.template shape<Tensor>();
      std::int64_t result = 0;
      ((result = result * *extent++ + index(indices, in, scope)), ...);
      return result;
    });
  }

  // -------------------------------------------------------------------------------- values
  template <class Wanted, class Element, class Scope>
  static auto value(const dsl::literal<Element>& node, const expression_runner&, const Scope&) {
    return static_cast<evaluated<dsl::literal<Element>, Wanted>>(node.number);
  }
  template <class Wanted, class Index, class Scope>
  static auto value(const dsl::index_value<Index>& node, const expression_runner& in,
                    const Scope& scope) {
    return index(node.index, in, scope);
  }
  template <class Wanted, class Tensor, class Scope, class... Indices>
  static auto value(const dsl::access<Tensor, Indices...>& node, const expression_runner& in,
                    const Scope& scope) {
    return in.template elements<Tensor>()[offset(node, in, scope)];
  }
  template <class Wanted, class Id, class Element, class Scope>
  static Element value(const dsl::basic_param<Id, Element>&, const expression_runner& in,
                       const Scope&) {
    Element number;
    std::memcpy(&number, in.data[position<Id>], sizeof number);
    return number;
  }
  template <class Wanted, opcode Op, class Left, class Right, class Scope>
  static auto value(const dsl::binary<Op, Left, Right>& node, const expression_runner& in,
                    const Scope& scope) {
    if constexpr (Op == opcode::logical_and) {
      return value<bool>(node.left, in, scope) && value<bool>(node.right, in, scope);
    } else if constexpr (Op == opcode::logical_or) {
      return value<bool>(node.left, in, scope) || value<bool>(node.right, in, scope);
    } else if constexpr (is_comparison(Op)) {
      using common = compared<typename Left::element, typename Right::element>;
      return operate<Op, common>(value<common>(node.left, in, scope),
                                 value<common>(node.right, in, scope));
    } else {
      using common = evaluated<dsl::binary<Op, Left, Right>, Wanted>;
      return operate<Op, common>(value<common>(node.left, in, scope),
                                 value<common>(node.right, in, scope));
    }
  }
  template <class Wanted, opcode Op, class Operand, class Scope>
  static auto value(const dsl::unary<Op, Operand>& node, const expression_runner& in,
                    const Scope& scope) {
    using type = evaluated<Operand, Wanted>;
    return operate<Op, type>(value<type>(node.operand, in, scope));
  }
  template <class Wanted, class Condition, class Yes, class No, class Scope>
  static auto value(const dsl::selection<Condition, Yes, No>& node, const expression_runner& in,
                    const Scope& scope) {
    using type = evaluated<dsl::selection<Condition, Yes, No>, Wanted>;
    return value<bool>(node.condition, in, scope)
               ? static_cast<type>(value<type>(node.yes, in, scope))
               : static_cast<type>(value<type>(node.no, in, scope));
  }
  template <class Wanted, class Element, class Operand, class Scope>
  static Element value(const dsl::conversion<Element, Operand>& node, const expression_runner& in,
                       const Scope& scope) {
    return static_cast<Element>(value<Element>(node.operand, in, scope));
  }
  template <class Wanted, class Element, int Position, class Scope>
  static auto value(const dsl::argument<Element, Position>&, const expression_runner&,
                    const Scope& scope) {
    return Position == 0 ? scope.accumulated : scope.term;
  }
  template <class Wanted, class Id, class Element, class Scope, class... Arguments>
  static Element value(const dsl::external_call<Id, Element, Arguments...>& node,
                       const expression_runner& in, const Scope& scope) {
    using function = Element (*)(evaluated<Arguments, Element>...);
    static const auto called = reinterpret_cast<function>(find_function(Id::text).value());
    return hana::unpack(node.arguments, [&](const Arguments&... arguments) {
      return called(value<Element>(arguments, in, scope)...);
    });
  }
  template <class Wanted, class Reducer, class Value, class Scope, class... Axes>
  static auto value(const dsl::reduction<Reducer, Value, Axes...>& node,
                    const expression_runner& in, const Scope& scope) {
    using type = evaluated<Value, Wanted>;
    type result{};
    if constexpr (Reducer::kind == reducer_kind::user) {
      result = static_cast<type>(node.reducer.identity);
    } else {
      result = neutral<Reducer::kind, type>();
    }
    const auto combiner = node.reducer.template combine<typename Value::element>();
    hana::unpack(node.axes, [&](const Axes&... axes) {
      for_each_point(
          scope,
          [&](const auto& point) {
            const combiner_scope<type, empty_scope> operands{
                {}, result, static_cast<type>(value<type>(node.value, in, point))};
            result = static_cast<type>(value<type>(combiner, in, operands));
          },
          axes...);
    });
    return result;
  }

  // ---------------------------------------------------------------------------- statements
  template <class Tensor, class Value, class... Axes>
  void run(const dsl::statement<Tensor, Value, Axes...>& node) const {
    using element = typename Tensor::element;
    element* const output = elements<Tensor>();
    hana::unpack(node.lhs.indices, [&](const Axes&... axes) {
      for_each_point(
          empty_scope{},
          [&](const auto& point) {
            output[offset(node.lhs, *this, point)] =
                static_cast<element>(value<element>(node.rhs, *this, point));
          },
          axes...);
    });
  }
};

/// The computed tensors that are no parameters, and memory for them.
template <class Parameters, class... Statements>
struct evaluation;
template <class... Parameters, class... Statements>
struct evaluation<dsl::parameter_list<Parameters...>, Statements...> {
  using tensors = expression_runner<typename Parameters::id..., typename Statements::tensor::id...>;
  static constexpr int params = static_cast<int>(sizeof...(Parameters));
  static constexpr int count = params + static_cast<int>(sizeof...(Statements));

  static int find(const desc_view& description, const char* name) {
    int n = 0;
    while (!same_text(description.tensors[n].name, name)) ++n;
    return n;
  }

  template <class Operation, class Arguments>
  static void run(const Operation& source, const desc_view& description,
                  const Arguments& arguments) {
    tensors all{{}, description, {}};
    sequence<double> memory[count];  // doubles: aligned for all element types
    const char* const names[count] = {Parameters::id::text..., Statements::tensor::id::text...};
    for (int n = 0; n < count; ++n) {
      all.described[n] = find(description, names[n]);
      const desc_tensor& tensor = description.tensors[all.described[n]];
      if (n < params) {
        all.data[n] = arguments.pointer(n);
      } else if (tensor.param < 0) {
        std::int64_t bytes = size_of(tensor.type);
        for (int d = 0; d < tensor.rank; ++d) bytes *= tensor.shape[d];
        memory[n].resize(static_cast<std::size_t>((bytes + 7) / 8));
        all.data[n] = memory[n].data();
      }
    }
    hana::unpack(source.statements,
                 [&](const Statements&... statements) { (all.run(statements), ...); });
  }
};

template <class Id, class... Parameters, class... Statements>
evaluation<dsl::parameter_list<Parameters...>, Statements...> evaluation_of(
    const dsl::operation<Id, dsl::parameter_list<Parameters...>, Statements...>&);

}  // namespace detail

/// Computes the operator on these arguments, as evaluate() does; reports instead of throwing.
/// @return the broken rule about numbers (E027, E043, E052 to E058), a refused argument (E101 to
///         E107); nothing if the outputs are computed
template <class Operation, class... Arguments>
[[nodiscard]] std::optional<error> try_evaluate(const Operation& operation,
                                                Arguments&&... arguments) {
  if constexpr (!dsl::is_poison<Operation>) {
    const auto description = describe(operation);
    if (!description.valid()) return error_of(description.problem);
    const desc_view view = description.view();
    const call_arguments<Operation> call(arguments...);
    if (auto problem = call.check(view)) return problem;
    decltype(detail::evaluation_of(operation))::run(operation, view, call);
  }
  return std::nullopt;
}

/// Computes the operator on these arguments by the plain loops it is written as, without tuning,
/// JIT or threads. Arguments as for a kernel: `evaluate(gemm(m, n, k), a, b, c)` or by name.
/// Reductions accumulate in the element type, in the order of the axes; integers wrap around.
/// @error those of try_evaluate(), thrown
/// @complexity the operator's trip counts; intermediates are stored whole
template <class Operation, class... Arguments>
void evaluate(const Operation& operation, Arguments&&... arguments) {
  if (const auto problem = try_evaluate(operation, arguments...)) {
    fail(problem->id(), problem->text());
  }
}

}  // namespace lathe
