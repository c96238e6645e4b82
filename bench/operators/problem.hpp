/// @file
/// One case of the bench: an operator of lathe/ops with all its extents, its work and its traffic.
/// In: the table of cases.cpp. Out: the description that lathe tunes, and the extents that every
/// peer reads.
#pragma once

#include <lathe/analysis/owned_desc.hpp>
#include <lathe/core/dtype.hpp>

#include <array>
#include <string>
#include <variant>

namespace bench {

/// y = A x
struct matrix_vector {
  int rows, depth;
};
/// C = A B
struct matrix_product {
  int rows, columns, depth;
};
/// Y[i,j] = sum_kl A[i,k] W[j,k,l] B[i,l]
struct bilinear_form {
  int batch, features, left, right;
};
/// All convolutions on N C D H W layouts: of 1 to 3 image dimensions, in groups (as many as
/// channels = depthwise), dilated, transposed.
struct convolution {
  int dims;  ///< image dimensions
  int batch, channels;
  std::array<int, 3> size;  ///< depth, height, width of the input; 1 for missing dimensions
  int filters, groups, kernel, stride, padding, dilation;
  bool transposed = false;
  int output_padding = 0;

  /// Kernel extent of image dimension d, 0 = depth.
  int kernel_extent(int d) const { return d < 3 - dims ? 1 : kernel; }
  /// Output extent of image dimension d.
  int output(int d) const;
  int input_points() const { return size[0] * size[1] * size[2]; }
  int output_points() const { return output(0) * output(1) * output(2); }
  int kernel_points() const { return kernel_extent(0) * kernel_extent(1) * kernel_extent(2); }
  /// True if it is a matrix product per group: nothing but a 1 x 1 kernel.
  bool is_product() const {
    return kernel == 1 && stride == 1 && padding == 0 && output_padding == 0;
  }
};
/// A times a block-circulant matrix.
struct circulant_product {
  int rows, columns, depth, block;
};
/// A matrix projected on block-circulant form.
struct circulant_projection {
  int rows, columns, block;
};
/// Every channel moved by its own offset: data movement only.
struct channel_shift {
  int batch, height, width, channels, kernel;
};
/// channel_shift, then a 1 x 1 convolution.
struct shift_convolution {
  int batch, height, width, channels, filters, kernel;
};
/// D[i,j] = sum_kl A[i,k,l] B[k,j] C[l,j]
struct khatri_rao_product {
  int rows, depth, height, rank;
};
/// 7-point sweep.
struct stencil {
  int depth, height, width;
};

using shape = std::variant<matrix_vector, matrix_product, bilinear_form, convolution,
                           circulant_product, circulant_projection, channel_shift,
                           shift_convolution, khatri_rao_product, stencil>;

/// What a case counts for.
enum class group {
  library,  ///< the twelve operators that libraries have: `geomean all`
  extra,    ///< further shapes of those, each set with its own geometric mean
  custom    ///< operators without a library: against naive loops and the roofline
};

/// One case.
struct problem {
  std::string op;    ///< "conv2d": the row group of the report
  std::string name;  ///< "C8", unique within the bench
  group counts_for = group::library;
  bool quick = false;  ///< one of the two cases per operator that --quick runs
  shape extents;
  lathe::dtype element = lathe::dtype::f32;  ///< of the factors; u8: the second is i8, the sum i32;
                                             ///< f16, bf16: the sum is f32

  /// The operator of lathe::ops with these extents.
  lathe::owned_desc describe() const;
  /// Floating-point operations per call, two per multiply-add of the direct algorithm; transposed
  /// convolutions without the zeros they spread. 0 for pure data movement.
  double flops() const;
  /// flops() without the multiply-adds whose input lies in the padding: what must be computed.
  double needed_flops() const;
  /// Traffic [bytes]: every input and output once.
  double bytes() const;
  /// The outputs' part of bytes().
  double output_bytes() const;
  /// Name of the operand that stays the same over many calls, "" if there is none.
  std::string weights() const;
};

}  // namespace bench
