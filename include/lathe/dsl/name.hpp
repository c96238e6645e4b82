/// @file
/// Names as types: `axis<"row">` becomes `basic_axis<id<'r', 'o', 'w'>, ...>`, which every compiler
/// prints legibly in errors and which makes short, stable symbols.
#pragma once

#include <lathe/core/fixed_string.hpp>

#include <utility>

namespace lathe::dsl {

/// A name as a type; two equal names are the same type.
template <char... Characters>
struct id {
  static constexpr char text[sizeof...(Characters) + 1]{Characters..., 0};
};

// A class with a nested type rather than an alias of decltype(function<Name>()): nvcc prints the
// latter back wrongly.
template <fixed_string Name, class Positions = std::make_index_sequence<Name.size()>>
struct make_id;
template <fixed_string Name, std::size_t... Positions>
struct make_id<Name, std::index_sequence<Positions...>> {
  using type = id<Name.text[Positions]...>;
};

/// The id type of a string literal.
template <fixed_string Name>
using id_of = typename make_id<Name>::type;

}  // namespace lathe::dsl
