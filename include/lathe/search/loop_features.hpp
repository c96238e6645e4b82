/// @file
/// AutoTVM's features of a program: what each loop around the innermost statement does, and how
/// often memory is used again inside of it. In: a loop nest. Out: one row for a model. Called by
/// program_features.hpp.
///
/// Chen et al., NeurIPS 2018, section 4 and appendix A, and the released feature extraction. They
/// are taken from the store with most executions times operations: a nest has others for the ends
/// of tiles.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/model/feature_rows.hpp>

#include <cstddef>

namespace lathe {

/// "itervar": for each of the 16 innermost loops, innermost first: extent, number from the outside,
/// iterations of it and the loops around it (top-down), of it and those inside (bottom-up), how it
/// runs (5, one-hot), adds, multiplications and divisions of one iteration; for each of four
/// buffers, those with most bytes first: stride, elements touched by the loop and those inside,
/// accesses, how often each is used again. log2(1 + x) of all but the one-hot columns; missing
/// loops are 0.
LATHE_INLINE feature_rows loop_features(const ir::nest& of);

/// "curve": the same memory behaviour whatever the number of loops, so that it carries over to
/// other operators. For each of three buffers and each of the relations elements touched to reuse,
/// reuse to elements touched, elements touched to top-down, top-down to elements touched: over all
/// loops, at 20 places x = 0, 1, ... of log2: the largest log2(1 + y) of loops below x, and how far
/// below x it was.
LATHE_INLINE feature_rows curve_features(const ir::nest& of);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/loop_features.ipp>
#endif
