/// @file
/// Kernels that a user of cuBLAS writes around matrix products: expansions and shifts.
#pragma once

#include <lathe/target/cuda/executable.hpp>

#include "problem.hpp"

namespace bench {

/// The dense matrix of a block-circulant one. Parameters: w, dense.
lathe::gpu::executable expand_circulant_kernel(const circulant_product& s);
/// Every channel moved by its offset, N H W C. Parameters: x, offsets, y.
lathe::gpu::executable shift_kernel(const shift_convolution& s);

}  // namespace bench
