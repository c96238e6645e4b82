/// @file
/// A description as text: tensors, stages, loops, operations. In: any description. Out: what
/// explain() prints first.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/config.hpp>

#include <string>

namespace lathe {

/// Several lines: parameters with shapes, one line per stage with its loops, flops and bytes.
LATHE_INLINE std::string summary_of(const desc_view& desc);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/summary.ipp>
#endif
