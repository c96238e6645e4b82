/// @file
/// What one would write by hand: the plain loops that quickstart compares with. Compiled on their
/// own with -O3 -march=native.
#pragma once

namespace naive {

/// c[i,j] = sum_k a[i,k] b[k,j]; all row-major.
void gemm(int rows, int columns, int depth, const float* a, const float* b, float* c);

/// 3 x 3 convolution with padding 1 of one image: y[f,h,w] = sum x[c,h+r-1,w+s-1] weights[f,c,r,s].
void conv2d_3x3(int channels, int height, int width, int filters, const float* x,
                const float* weights, float* y);

}  // namespace naive
