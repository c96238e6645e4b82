/// @file
/// The only place that includes Boost.Hana: heterogeneous storage and its walk, nothing else.
/// `basic_tuple` costs about half of `std::tuple` in compile time; all of <boost/hana.hpp> would
/// triple the cost of the DSL headers.
#pragma once

#include <boost/hana/basic_tuple.hpp>
#include <boost/hana/unpack.hpp>

namespace lathe::detail {
namespace hana = boost::hana;
}  // namespace lathe::detail
