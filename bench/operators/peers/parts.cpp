#include "parts.hpp"

#include "peers.hpp"
#include <cstddef>

namespace bench {
namespace {

float dot(int depth, const float* a, const float* b) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int k = 0; k < depth; ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace

void dot_rows(int rows, int depth, const float* a, const float* b, float* y, int stride) {
#pragma omp parallel for num_threads(threads()) if (threads() > 1)
  for (int i = 0; i < rows; ++i)
    y[std::size_t(i) * stride] = dot(depth, a + std::size_t(i) * depth, b + std::size_t(i) * depth);
}

void contract_rows(int rows, int columns, int depth, const float* a, const float* t, float* y) {
#pragma omp parallel for num_threads(threads()) if (threads() > 1)
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j)
      y[std::size_t(i) * columns + j] =
          dot(depth, a + std::size_t(i) * depth, t + (std::size_t(i) * columns + j) * depth);
}

void expand_circulant(int depth, int columns, int block, const float* w, float* dense) {
#pragma omp parallel for num_threads(threads()) if (threads() > 1)
  for (int k = 0; k < depth; ++k) {
    for (int tile = 0; tile < columns / block; ++tile) {
      const float* const from = w + (std::size_t(k / block) * (columns / block) + tile) * block;
      float* const to = dense + std::size_t(k) * columns + tile * block;
      const int turn = k % block;
      for (int j = 0; j < turn; ++j) to[j] = from[j + block - turn];
      for (int j = turn; j < block; ++j) to[j] = from[j - turn];
    }
  }
}

void shift_channels(const channel_shift& s, const float* x, const int* offsets, float* y) {
  const int border = (s.kernel - 1) / 2;
#pragma omp parallel for num_threads(threads()) if (threads() > 1)
  for (int row = 0; row < s.batch * s.height; ++row) {
    const int n = row / s.height, at = row % s.height;
    for (int column = 0; column < s.width; ++column) {
      float* const to = y + (std::size_t(row) * s.width + column) * s.channels;
      for (int c = 0; c < s.channels; ++c) {
        const int yy = at + offsets[c] / s.kernel - border;
        const int xx = column + offsets[c] % s.kernel - border;
        const bool inside = yy >= 0 && yy < s.height && xx >= 0 && xx < s.width;
        to[c] = inside ? x[((std::size_t(n) * s.height + yy) * s.width + xx) * s.channels + c] : 0;
      }
    }
  }
}

template <class Element>
void khatri_rao(const khatri_rao_product& s, const Element* b, const Element* c, Element* m) {
#pragma omp parallel for num_threads(threads()) if (threads() > 1)
  for (int k = 0; k < s.depth; ++k)
    for (int l = 0; l < s.height; ++l)
      for (int j = 0; j < s.rank; ++j)
        m[(std::size_t(k) * s.height + l) * s.rank + j] =
            b[std::size_t(k) * s.rank + j] * c[std::size_t(l) * s.rank + j];
}
template void khatri_rao(const khatri_rao_product&, const float*, const float*, float*);
template void khatri_rao(const khatri_rao_product&, const double*, const double*, double*);

}  // namespace bench
