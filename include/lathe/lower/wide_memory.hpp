/// @file
/// Memory of the interpreter: the elements of one buffer in wide precision, and who wrote them.
/// Called by interpret.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/wide_number.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe::detail {

/// Elements of one buffer: `value` and `magnitude` for float kinds, `integers` for the others.
struct wide_memory {
  sequence<wide_real> value;
  sequence<double> magnitude;
  sequence<std::int64_t> integers;
  sequence<std::int32_t> writer;  ///< which task wrote an element: -1 = nobody
};

/// Room for `elements` elements of `type`, written by `writer`.
LATHE_INLINE wide_memory make_wide_memory(dtype type, std::int64_t elements, std::int32_t writer);

/// Fills a buffer from elements of `type`. @pre as many as the buffer holds
LATHE_INLINE void read_elements(dtype type, std::span<const std::byte> from, wide_memory& into);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/wide_memory.ipp>
#endif
