/// @file
/// What a user writes in ten minutes: plain loops over row-major arrays, in an order that lets the
/// compiler vectorise. Compiled once by each compiler; the macro NAIVE_LOOPS names the table.
#pragma once

#include <cstddef>

namespace bench {

/// The loops, as one compiler translated them. Extents have the order of lathe/ops.
struct naive_loops {
  const char* compiler;
  void (*gemv)(int rows, int depth, const float* a, const float* x, float* y);
  void (*sgemm)(int rows, int columns, int depth, const float* a, const float* b, float* c);
  void (*dgemm)(int rows, int columns, int depth, const double* a, const double* b, double* c);
  void (*bilinear)(int batch, int features, int left, int right, const float* a, const float* b,
                   const float* w, float* y);
  /// @param size, kernel, output  depth, height, width
  void (*convolution)(int batch, int channels, const int* size, int filters, int groups,
                      const int* kernel, int stride, const int* padding, int dilation,
                      const int* output, bool transposed, const float* x, const float* w, float* y);
  void (*circulant_product)(int rows, int columns, int depth, int block, const float* a,
                            const float* w, float* c);
  void (*circulant_projection)(int rows, int columns, int block, const float* x, float* o);
  void (*shift)(int batch, int height, int width, int channels, int kernel, const float* x,
                const int* offsets, float* y);
  void (*shift_convolution)(int batch, int height, int width, int channels, int filters, int kernel,
                            const float* x, const int* offsets, const float* w, float* y);
  void (*smttkrp)(int rows, int depth, int height, int rank, const float* a, const float* b,
                  const float* c, float* d);
  void (*dmttkrp)(int rows, int depth, int height, int rank, const double* a, const double* b,
                  const double* c, double* d);
  void (*sstencil)(int depth, int height, int width, float a, float b, const float* u, float* v);
  void (*dstencil)(int depth, int height, int width, double a, double b, const double* u,
                   double* v);
};

extern const naive_loops loops_of_gcc;
extern const naive_loops loops_of_clang;

}  // namespace bench
