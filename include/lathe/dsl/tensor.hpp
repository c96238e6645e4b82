/// @file
/// Tensors, params, element accesses, and the statement `C(i, j) = expression`.
#pragma once

#include <lathe/dsl/operators.hpp>

#include <cstddef>

namespace lathe {
namespace dsl {

/// Extent of dimension `dimension` of the array type `Array`.
template <class Array>
constexpr std::int64_t array_extent(int dimension) {
  if constexpr (std::is_array_v<Array>) {
    return dimension == 0 ? static_cast<std::int64_t>(std::extent_v<Array>)
                          : array_extent<std::remove_extent_t<Array>>(dimension - 1);
  } else {
    return unknown_extent;
  }
}

/// Where a tensor keeps its shape. Array types: in the type.
template <class Type, int Rank, bool IsArray = std::is_array_v<Type>>
struct tensor_shape {
  static constexpr int rank = static_cast<int>(std::rank_v<Type>);
  static constexpr std::int64_t extent(int dimension) { return array_extent<Type>(dimension); }
};

template <int Rank, std::size_t Given>
concept has_extents = Given != 0 && static_cast<int>(Given) == Rank;

/// Element types: in the value; `unknown_extent` where the shape is inferred.
template <class Type, int Rank>
struct tensor_shape<Type, Rank, false> {
  static constexpr int rank = Rank;
  std::int64_t extents[Rank > 0 ? Rank : 1];

  constexpr tensor_shape() {
    for (std::int64_t& extent : extents) extent = unknown_extent;
  }
  template <integer... Integers>
  requires has_extents<Rank, sizeof...(Integers)>
  constexpr explicit tensor_shape(Integers... shape)
      : extents{static_cast<std::int64_t>(shape)...} {}

  constexpr std::int64_t extent(int dimension) const { return extents[dimension]; }
};

template <class Element, int Rank>
inline constexpr bool is_well_formed_tensor = (Rank >= 0) && (Rank <= max_rank) &&
                                              (is_tensor_element<Element>);

// In a function, not in the class: a compiler that finds a class ill-formed complains about every
// use of it as well.
template <class Element, int Rank>
constexpr void explain_tensor() {
  static_assert(is_tensor_element<Element> || rule::is_element_type<Element>, LATHE_E022);
  static_assert(rule::rank_is_between_0_and_6<Rank>, LATHE_E023);
}

/// A tensor named `Id`. `Type` is an element type, with rank `Rank`, or an array type.
template <class Id, class Type, int Rank = -1>
struct basic_tensor : tensor_shape<Type, Rank> {
  using id = Id;
  using element = std::remove_all_extents_t<Type>;
  using tensor_shape<Type, Rank>::tensor_shape;
  static constexpr int rank = tensor_shape<Type, Rank>::rank;

  constexpr basic_tensor() = default;
  constexpr basic_tensor(const basic_tensor&) = default;

  /// The element at these indices: axes, index expressions, integers, or integer elements.
  /// @error E010 if their number is not the rank, E011 if one is not an integer
  template <class... Indices>
  constexpr auto operator()(const Indices&... indices) const {
    if constexpr (!is_well_formed_tensor<element, rank>) {
      explain_tensor<element, rank>();
      return poison_access{};
    } else if constexpr (sizeof...(Indices) != rank) {
      static_assert(rule::takes_indices<basic_tensor, rank, int(sizeof...(Indices))>, LATHE_E010);
      return poison_access{};
    } else if constexpr ((is_poison<index_of<Indices>> || ...)) {
      return poison_access{};
    } else {
      return access<basic_tensor, index_of<Indices>...>{*this, as_index(indices)...};
    }
  }

  /// Explains a forgotten index list. @error E026
  template <class Operand>
  constexpr poison operator=(const Operand&) const {
    static_assert(rule::is_assigned_with_indices<Id, Operand>, LATHE_E026);
    return {};
  }

 private:
  // What a wrong index list leaves behind.
  struct poison_access : poison {
    template <class Operand>
    constexpr poison operator=(const Operand&) const {
      return {};
    }
  };
};

template <class Id, class Type, int Rank>
inline constexpr bool is_tensor<basic_tensor<Id, Type, Rank>> = true;

template <class Operand>
inline constexpr bool is_param = false;
template <class Id, class Element>
inline constexpr bool is_param<basic_param<Id, Element>> = true;

/// `lhs = rhs` for all values of the axes on the left: one stage of the operator.
template <class Tensor, class Value, class... Axes>
struct statement {
  using tensor = Tensor;
  access<Tensor, Axes...> lhs;  ///< indices are plain axes: the spatial loops, outermost first
  Value rhs;
  static constexpr capacity size =
      access<Tensor, Axes...>::size + Value::size + capacity{0, int(sizeof...(Axes)), 0, 0, 1};
};

template <class Tensor, class... Indices>
struct access : value_base {
  using element = typename Tensor::element;
  Tensor tensor;
  detail::hana::basic_tuple<Indices...> indices;
  static constexpr capacity size = (Indices::size + ... + capacity{1, 0, 1, 1});

  constexpr access() = default;
  constexpr explicit access(const Tensor& source, const Indices&... positions)
      : tensor(source), indices(positions...) {}
  constexpr access(const access&) = default;

  /// The statement that computes this element from `operand`.
  /// @error E014 if the element types differ, E017 if an index is not a plain axis
  template <class Operand>
  [[nodiscard]] constexpr auto operator=(const Operand& operand) const {
    return assigned(operand);
  }
  /// The same for an operand of the same type, which would otherwise be a copy assignment.
  [[nodiscard]] constexpr auto operator=(const access& operand) const { return assigned(operand); }

  /// Explain that a statement is no update. @error E032
  template <class Operand>
  constexpr poison operator+=(const Operand& operand) const {
    return updated(operand);
  }
  template <class Operand>
  constexpr poison operator-=(const Operand& operand) const {
    return updated(operand);
  }
  template <class Operand>
  constexpr poison operator*=(const Operand& operand) const {
    return updated(operand);
  }

 private:
  template <class Operand>
  static constexpr poison updated(const Operand&) {
    static_assert(rule::is_plainly_assigned<typename Tensor::id> || is_poison<Operand>, LATHE_E032);
    return {};
  }
  template <class Operand>
  constexpr auto assigned(const Operand& operand) const {
    if constexpr (!(is_axis<Indices> && ...)) {
      static_assert((rule::is_plain_axis<Indices> && ...), LATHE_E017);
      return poison{};
    } else {
      auto value = as_value(operand);
      using value_type = decltype(value);
      if constexpr (is_poison<value_type>) {
        return poison{};
      } else if constexpr (!is_compatible(kind_of<element>,
                                          kind_of<typename value_type::element>)) {
        static_assert(rule::same_element_type<element, typename value_type::element>, LATHE_E014);
        return poison{};
      } else {
        return statement<Tensor, value_type, Indices...>{*this, value};
      }
    }
  }
};

template <class Operand>
inline constexpr bool is_statement = false;
template <class Tensor, class Value, class... Axes>
inline constexpr bool is_statement<statement<Tensor, Value, Axes...>> = true;

}  // namespace dsl

/// A named tensor, row-major: `tensor<"A", float, 2> A{M, K};` with a run-time shape, `... A;` with
/// the shape inferred from its indices, or `tensor<"A", float[64][32]> A;` with a static one.
/// @error E022 if the element type is not supported, E023 if the rank is above 6 or missing
template <fixed_string Name, class Type, int Rank = -1>
using tensor = dsl::basic_tensor<dsl::id_of<Name>, Type, Rank>;

/// A scalar given with each call: `param<"alpha", float> alpha;`, used directly, `alpha * A(i, k)`.
/// @error E022 if the element type is not supported
template <fixed_string Name, class Element>
using param = dsl::basic_param<dsl::id_of<Name>, Element>;

}  // namespace lathe
