/// @file
/// Memory of the interpreter: the elements of one buffer in wide precision, and who wrote them.
/// Called by interpret.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe::detail {

/// Elements of one buffer: `value` and `magnitude` for float kinds, `integers` for the others.
template <class Real>
struct wide_memory {
  sequence<Real> value;
  sequence<double> magnitude;
  sequence<std::int64_t> integers;
  sequence<std::int32_t> writer;  ///< which task wrote an element: -1 = nobody
};

/// Room for `elements` elements of `type`, written by `writer`.
template <class Real>
wide_memory<Real> make_wide_memory(dtype type, std::int64_t elements, std::int32_t writer);

/// Fills a buffer from elements of `type`. @pre as many as the buffer holds
template <class Real>
void read_elements(dtype type, std::span<const std::byte> from, wide_memory<Real>& into);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/wide_memory.ipp>
#endif
