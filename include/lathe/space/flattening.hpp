/// @file
/// The steps that make one axis of neighbouring ones wherever that is legal and harms no reader.
/// In: a program with default loops. Out: the steps. Called by rewrite.ipp.
///
/// One axis can be tiled in every way in which its parts can, but for tiles that are rectangles of
/// both; these pay where neighbouring rows share what they read (the window of a convolution), and
/// there the axes are left apart. Everywhere else one axis is better: its tiles do not end with
/// every row of an image, and a product over the pixels of an image is a matrix product. So this is
/// no decision of the search.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>

namespace lathe {

/// flatten() for every stage in order: of neighbouring axes, of those of its readers that would
/// index one dimension with two axes otherwise, and of all that is left then.
LATHE_INLINE trace flattening_steps(const program& of);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/flattening.ipp>
#endif
