#include "naive.hpp"

namespace naive {

void gemm(int rows, int columns, int depth, const float* a, const float* b, float* c) {
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) {
      float sum = 0;
      for (int k = 0; k < depth; ++k) sum += a[i * depth + k] * b[k * columns + j];
      c[i * columns + j] = sum;
    }
  }
}

void conv2d_3x3(int channels, int height, int width, int filters, const float* x,
                const float* weights, float* y) {
  for (int f = 0; f < filters; ++f) {
    for (int h = 0; h < height; ++h) {
      for (int w = 0; w < width; ++w) {
        float sum = 0;
        for (int c = 0; c < channels; ++c) {
          for (int r = 0; r < 3; ++r) {
            for (int s = 0; s < 3; ++s) {
              const int row = h + r - 1, column = w + s - 1;
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              sum += x[(c * height + row) * width + column] *
                     weights[((f * channels + c) * 3 + r) * 3 + s];
            }
          }
        }
        y[(f * height + h) * width + w] = sum;
      }
    }
  }
}

}  // namespace naive
