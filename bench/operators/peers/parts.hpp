/// @file
/// What a user of a library of matrix products writes around them: expansions, shifts, sums. Good
/// plain loops, over as many threads as the peers have.
#pragma once

#include "../problem.hpp"

namespace bench {

/// y[i stride] = sum_k a[i,k] b[i,k]
void dot_rows(int rows, int depth, const float* a, const float* b, float* y, int stride);
/// y[i,j] = sum_k a[i,k] t[i,j,k]
void contract_rows(int rows, int columns, int depth, const float* a, const float* t, float* y);
/// The dense matrix of a block-circulant one.
void expand_circulant(int depth, int columns, int block, const float* w, float* dense);
/// Every channel moved by its offset, N H W C.
void shift_channels(const channel_shift& s, const float* x, const int* offsets, float* y);
/// m[(k,l),j] = b[k,j] c[l,j]
template <class Element>
void khatri_rao(const khatri_rao_product& s, const Element* b, const Element* c, Element* m);

}  // namespace bench
