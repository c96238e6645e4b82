/// @file
/// The step that makes one axis of neighbouring ones: flatten. In: a program and a step. Out: the
/// program with one axis in their place, or why not. Called by apply.ipp.
///
/// Row-major memory has no dimensions of its own: where every index of a stage moves with y and x
/// as it moves with the single number y * W + x, W the extent of x, that number is an axis, and the
/// dimensions that y and x index are one dimension. (torch.flatten of the tensors and
/// collapseOpIterationDims of MLIR's linalg dialect of the statement, at once.) `fuse` makes one
/// loop of two, whose values are quotients and remainders; a flattened axis is affine, and may be
/// split, packed and vectorized across the rows of y.
///
/// Other stages that read the tensors keep their axes: i * W + j is the index then. What a stage
/// computes has one dimension per spatial axis, so that a stage is flattened before its readers.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>

#include <string>

namespace lathe::detail {

/// Applies the step and returns the reason if it is illegal (empty = applied). O(size of the
/// stage's expressions), whatever the extents are.
LATHE_INLINE std::string apply_flatten(program& target, int index, const step& what);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/flatten.ipp>
#endif
