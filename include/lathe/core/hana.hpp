/// @file
/// The only place that includes Boost.Hana: heterogeneous storage and its walk, nothing else.
/// `basic_tuple` costs about half of `std::tuple` in compile time; all of <boost/hana.hpp> would
/// triple the cost of the DSL headers.
#pragma once

// <complex.h> of C defines I, which Hana uses as a template parameter.
#pragma push_macro("I")
#undef I
#include <boost/hana/basic_tuple.hpp>
#include <boost/hana/unpack.hpp>
#pragma pop_macro("I")

namespace lathe::detail {
namespace hana = boost::hana;
}  // namespace lathe::detail
