#include "naive_loops.hpp"

#include <vector>

namespace bench {
namespace {

using std::size_t;

void gemv(int rows, int depth, const float* a, const float* x, float* y) {
  for (int i = 0; i < rows; ++i) {
    float sum = 0;
    for (int k = 0; k < depth; ++k) sum += a[size_t(i) * depth + k] * x[k];
    y[i] = sum;
  }
}

template <class Element>
void gemm(int rows, int columns, int depth, const Element* a, const Element* b,
          Element* __restrict c) {
  for (int i = 0; i < rows; ++i) {
    Element* const to = c + size_t(i) * columns;
    for (int j = 0; j < columns; ++j) to[j] = 0;
    for (int k = 0; k < depth; ++k) {
      const Element left = a[size_t(i) * depth + k];
      for (int j = 0; j < columns; ++j) to[j] += left * b[size_t(k) * columns + j];
    }
  }
}

void bilinear(int batch, int features, int left, int right, const float* a, const float* b,
              const float* w, float* y) {
  std::vector<float> row(static_cast<size_t>(right));
  for (int i = 0; i < batch; ++i) {
    for (int j = 0; j < features; ++j) {
      for (int l = 0; l < right; ++l) row[size_t(l)] = 0;
      float* __restrict const sums = row.data();
      for (int k = 0; k < left; ++k) {
        const float factor = a[size_t(i) * left + k];
        const float* const from = w + (size_t(j) * left + k) * right;
        for (int l = 0; l < right; ++l) sums[l] += factor * from[l];
      }
      float sum = 0;
      for (int l = 0; l < right; ++l) sum += sums[l] * b[size_t(i) * right + l];
      y[size_t(i) * features + j] = sum;
    }
  }
}

/// First and past-the-last `at` in [0, count) with 0 <= at * stride + offset < bound.
int first_inside(int stride, int offset) {
  return offset >= 0 ? 0 : (-offset + stride - 1) / stride;
}
int end_inside(int count, int stride, int offset, int bound) {
  const int end = offset >= bound ? 0 : (bound - 1 - offset) / stride + 1;
  return end < count ? end : count;
}

/// Both directions are one loop nest: a tap connects points `near` and `near * stride + tap *
/// dilation - padding` of the far image; the far one is the input, or the output if transposed.
void convolution(int batch, int channels, const int* size, int filters, int groups,
                 const int* kernel, int stride, const int* padding, int dilation, const int* output,
                 bool transposed, const float* x, const float* w, float* __restrict y) {
  const int* const near = transposed ? size : output;
  const int* const far = transposed ? output : size;
  const size_t in = size_t(size[0]) * size[1] * size[2];
  const size_t out = size_t(output[0]) * output[1] * output[2];
  const int group_channels = channels / groups, group_filters = filters / groups;
  for (size_t at = 0; at < size_t(batch) * filters * out; ++at) y[at] = 0;
  for (int n = 0; n < batch; ++n) {
    for (int f = 0; f < filters; ++f) {
      const int g = f / group_filters;
      for (int c = 0; c < group_channels; ++c) {
        const float* const from = x + (size_t(n) * channels + g * group_channels + c) * in;
        float* const to = y + (size_t(n) * filters + f) * out;
        const float* taps =
            w + (transposed ? size_t(g * group_channels + c) * group_filters + f % group_filters
                            : size_t(f) * group_channels + c) *
                    kernel[0] * kernel[1] * kernel[2];
        for (int rz = 0; rz < kernel[0]; ++rz) {
          for (int ry = 0; ry < kernel[1]; ++ry) {
            for (int rx = 0; rx < kernel[2]; ++rx) {
              const float tap = *taps++;
              const int dz = rz * dilation - padding[0], dy = ry * dilation - padding[1],
                        dx = rx * dilation - padding[2];
              const int first = first_inside(stride, dx);
              const int end = end_inside(near[2], stride, dx, far[2]);
              for (int z = first_inside(stride, dz); z < end_inside(near[0], stride, dz, far[0]);
                   ++z) {
                for (int row = first_inside(stride, dy);
                     row < end_inside(near[1], stride, dy, far[1]); ++row) {
                  const size_t near_row = (size_t(z) * near[1] + row) * near[2];
                  const size_t far_row =
                      (size_t(z * stride + dz) * far[1] + (row * stride + dy)) * far[2];
                  if (transposed) {
                    float* const target = to + far_row;
                    const float* const source = from + near_row;
                    for (int column = first; column < end; ++column)
                      target[column * stride + dx] += tap * source[column];
                  } else if (stride == 1) {
                    float* const target = to + near_row;
                    const float* const source = from + far_row;
                    for (int column = first; column < end; ++column)
                      target[column] += tap * source[column + dx];
                  } else {
                    float* const target = to + near_row;
                    const float* const source = from + far_row;
                    for (int column = first; column < end; ++column)
                      target[column] += tap * source[column * stride + dx];
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

void circulant_product(int rows, int columns, int depth, int block, const float* a, const float* w,
                       float* __restrict c) {
  std::vector<float> turned(static_cast<size_t>(2 * block));
  for (size_t at = 0; at < size_t(rows) * columns; ++at) c[at] = 0;
  for (int kb = 0; kb < depth / block; ++kb) {
    for (int jb = 0; jb < columns / block; ++jb) {
      const float* const from = w + (size_t(kb) * (columns / block) + jb) * block;
      for (int at = 0; at < 2 * block; ++at) turned[size_t(at)] = from[at % block];
      for (int i = 0; i < rows; ++i) {
        float* const to = c + size_t(i) * columns + jb * block;
        for (int k = 0; k < block; ++k) {
          const float left = a[size_t(i) * depth + kb * block + k];
          const float* const row = turned.data() + (block - k) % block;
          for (int j = 0; j < block; ++j) to[j] += left * row[j];
        }
      }
    }
  }
}

void circulant_projection(int rows, int columns, int block, const float* x, float* o) {
  const int whole_rows = rows / block * block, whole_columns = columns / block * block;
  std::vector<float> mean(static_cast<size_t>(block));
  for (size_t at = 0; at < size_t(rows) * columns; ++at) o[at] = 0;
  for (int t = 0; t < whole_rows; t += block) {
    for (int u = 0; u < whole_columns; u += block) {
      for (int j = 0; j < block; ++j) {
        float sum = 0;
        for (int k = 0; k < block; ++k) sum += x[size_t(t + k) * columns + u + (j + k) % block];
        mean[size_t(j)] = sum / static_cast<float>(block);
      }
      for (int i = 0; i < block; ++i)
        for (int j = 0; j < block; ++j)
          o[size_t(t + i) * columns + u + j] = mean[size_t((j + block - i) % block)];
    }
  }
}

void shift(int batch, int height, int width, int channels, int kernel, const float* x,
           const int* offsets, float* __restrict y) {
  const int border = (kernel - 1) / 2;
  for (int n = 0; n < batch; ++n) {
    for (int row = 0; row < height; ++row) {
      for (int column = 0; column < width; ++column) {
        for (int c = 0; c < channels; ++c) {
          const int yy = row + offsets[c] / kernel - border;
          const int xx = column + offsets[c] % kernel - border;
          const bool inside = yy >= 0 && yy < height && xx >= 0 && xx < width;
          y[((size_t(n) * height + row) * width + column) * channels + c] =
              inside ? x[((size_t(n) * height + yy) * width + xx) * channels + c] : 0;
        }
      }
    }
  }
}

void shift_convolution(int batch, int height, int width, int channels, int filters, int kernel,
                       const float* x, const int* offsets, const float* w, float* y) {
  const int points = batch * height * width;
  std::vector<float> moved(size_t(points) * channels);
  shift(batch, height, width, channels, kernel, x, offsets, moved.data());
  gemm(points, filters, channels, moved.data(), w, y);
}

template <class Element>
void mttkrp(int rows, int depth, int height, int rank, const Element* a, const Element* b,
            const Element* c, Element* __restrict d) {
  std::vector<Element> fibre(static_cast<size_t>(rank));
  for (int i = 0; i < rows; ++i) {
    Element* const to = d + size_t(i) * rank;
    for (int j = 0; j < rank; ++j) to[j] = 0;
    for (int k = 0; k < depth; ++k) {
      Element* __restrict const sums = fibre.data();
      for (int j = 0; j < rank; ++j) sums[j] = 0;
      for (int l = 0; l < height; ++l) {
        const Element left = a[(size_t(i) * depth + k) * height + l];
        for (int j = 0; j < rank; ++j) sums[j] += left * c[size_t(l) * rank + j];
      }
      for (int j = 0; j < rank; ++j) to[j] += sums[j] * b[size_t(k) * rank + j];
    }
  }
}

template <class Element>
void jacobi3d(int depth, int height, int width, Element a, Element b, const Element* u,
              Element* __restrict v) {
  const size_t plane = size_t(height) * width;
  for (int z = 0; z < depth; ++z) {
    for (int y = 0; y < height; ++y) {
      const Element* const from = u + z * plane + size_t(y) * width;
      Element* const to = v + z * plane + size_t(y) * width;
      if (z == 0 || z == depth - 1 || y == 0 || y == height - 1) {
        for (int x = 0; x < width; ++x) to[x] = from[x];
        continue;
      }
      to[0] = from[0];
      for (int x = 1; x < width - 1; ++x) {
        to[x] = a * from[x] + b * (from[x - static_cast<long>(plane)] + from[x + plane] +
                                   from[x - width] + from[x + width] + from[x - 1] + from[x + 1]);
      }
      to[width - 1] = from[width - 1];
    }
  }
}

#if defined(__clang__)
constexpr const char* compiler = "clang++ " __clang_version__;
#else
constexpr const char* compiler = "g++ " __VERSION__;
#endif

}  // namespace

const naive_loops NAIVE_LOOPS{compiler,
                              gemv,
                              gemm<float>,
                              gemm<double>,
                              bilinear,
                              convolution,
                              circulant_product,
                              circulant_projection,
                              shift,
                              shift_convolution,
                              mttkrp<float>,
                              mttkrp<double>,
                              jacobi3d<float>,
                              jacobi3d<double>};

}  // namespace bench
