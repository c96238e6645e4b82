/// @file
/// Axes: the named loop variables of an operator, and index expressions built from them.
/// An axis is both a loop (on the left-hand side or in sum(...)) and an index (inside A(i, k)).
#pragma once

#include <lathe/core/capacity.hpp>
#include <lathe/core/opcode.hpp>
#include <lathe/dsl/concepts.hpp>
#include <lathe/dsl/name.hpp>

#include <cstdint>
#include <type_traits>

namespace lathe {
namespace dsl {

/// Where an axis keeps its extent: in the type if it is static.
template <std::int64_t Extent>
struct axis_extent {
  static constexpr std::int64_t extent() { return Extent; }
};

/// Extent given by a value; `unknown_extent` in a default-constructed axis.
template <>
struct axis_extent<unknown_extent> {
  std::int64_t count = unknown_extent;  ///< [iterations]

  constexpr axis_extent() = default;
  template <integer Integer>
  constexpr explicit axis_extent(Integer iterations)
      : count(static_cast<std::int64_t>(iterations)) {}

  constexpr std::int64_t extent() const { return count; }
};

/// A loop variable named `Id`; `Extent` is `unknown_extent` if the extent is a run-time value.
template <class Id, std::int64_t Extent>
struct basic_axis : index_base, axis_extent<Extent> {
  using axis_extent<Extent>::axis_extent;
  using id = Id;
  static constexpr capacity size{1};
};

/// An integer inside an index. Its value is unknown in a default-constructed operator.
struct index_constant : index_base {
  std::int64_t value = unknown_extent;
  static constexpr capacity size{1};

  constexpr index_constant() = default;
  constexpr explicit index_constant(std::int64_t number) : value(number) {}
};

/// `left Op right` on indices, Op one of add sub mul div mod. Division rounds towards minus
/// infinity; the remainder has the divisor's sign.
template <opcode Op, class Left, class Right>
struct index_binary : index_base {
  Left left;
  Right right;
  static constexpr capacity size = Left::size + Right::size + capacity{1};

  constexpr index_binary() = default;
  constexpr index_binary(const Left& first, const Right& second) : left(first), right(second) {}
};

/// An integer element value used as an index: the S(c) of X(S(c), j).
template <class Value>
struct gather : index_base {
  Value value;
  static constexpr capacity size = Value::size + capacity{1};

  constexpr gather() = default;
  constexpr explicit gather(const Value& source) : value(source) {}
};

template <class Operand>
inline constexpr bool is_axis = false;
template <class Id, std::int64_t Extent>
inline constexpr bool is_axis<basic_axis<Id, Extent>> = true;

}  // namespace dsl

/// A named axis: `axis<"i"> i{M};` with a run-time extent, or `axis<"i", 1024> i;` with a static
/// one.
/// @error E020 if the name is empty or longer than 31 characters
/// @error E027 if the extent is below 1: reported by the operator that uses the axis; for run-time
///        extents in description::problem
template <fixed_string Name, std::int64_t Extent = unknown_extent>
using axis = dsl::basic_axis<dsl::id_of<Name>, Extent>;

}  // namespace lathe
