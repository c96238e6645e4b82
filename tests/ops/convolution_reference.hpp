/// @file
/// Convolutions of images with three dimensions by loops over the input, without any padded copy.
/// One- and two-dimensional ones have extents of 1 in front.
#pragma once

#include "data.hpp"
#include <vector>

namespace test {

/// Sizes of a convolution; arrays hold depth, height, width.
struct convolution {
  int batch, channels, filters, groups;
  int size[3], kernel[3], padding[3];
  int stride, dilation;
  int output_padding = 0;  ///< transposed only

  int forward_size(int d) const {
    return (size[d] + 2 * padding[d] - (dilation * (kernel[d] - 1) + 1)) / stride + 1;
  }
  // Dimensions that are only there to fill up three have kernel 1 and extent 1.
  int transposed_size(int d) const {
    return (size[d] - 1) * stride - 2 * padding[d] + dilation * (kernel[d] - 1) + 1 +
           (kernel[d] == 1 && size[d] == 1 ? 0 : output_padding);
  }
};

// Calls body(kernel position z, y, x) for all positions.
template <class Body>
void for_each_tap(const convolution& of, const Body& body) {
  for (int z = 0; z < of.kernel[0]; ++z) {
    for (int y = 0; y < of.kernel[1]; ++y) {
      for (int x = 0; x < of.kernel[2]; ++x) body(z, y, x);
    }
  }
}

/// Each output gathers from the inputs it sees. W[filter, channel of the group, kernel].
inline std::vector<float> convolve(const convolution& of, const std::vector<float>& X,
                                   const std::vector<float>& W) {
  const int OD = of.forward_size(0), OH = of.forward_size(1), OW = of.forward_size(2);
  const int group_channels = of.channels / of.groups, group_filters = of.filters / of.groups;
  std::vector<float> Y(static_cast<std::size_t>(of.batch * of.filters * OD * OH * OW));
  for (int n = 0; n < of.batch; ++n) {
    for (int f = 0; f < of.filters; ++f) {
      for (int c = 0; c < group_channels; ++c) {
        const int channel = f / group_filters * group_channels + c;
        for_each_tap(of, [&](int kz, int ky, int kx) {
          for (int z = 0; z < OD; ++z) {
            for (int y = 0; y < OH; ++y) {
              for (int x = 0; x < OW; ++x) {
                const int iz = z * of.stride + kz * of.dilation - of.padding[0];
                const int iy = y * of.stride + ky * of.dilation - of.padding[1];
                const int ix = x * of.stride + kx * of.dilation - of.padding[2];
                if (iz < 0 || iz >= of.size[0] || iy < 0 || iy >= of.size[1] || ix < 0 ||
                    ix >= of.size[2]) {
                  continue;
                }
                Y[at({n, f, z, y, x}, {of.batch, of.filters, OD, OH, OW})] +=
                    X[at({n, channel, iz, iy, ix},
                         {of.batch, of.channels, of.size[0], of.size[1], of.size[2]})] *
                    W[at({f, c, kz, ky, kx},
                         {of.filters, group_channels, of.kernel[0], of.kernel[1], of.kernel[2]})];
              }
            }
          }
        });
      }
    }
  }
  return Y;
}

/// Each input scatters to the outputs it reaches. W[channel, filter, kernel].
inline std::vector<float> convolve_transposed(const convolution& of, const std::vector<float>& X,
                                              const std::vector<float>& W) {
  const int OD = of.transposed_size(0), OH = of.transposed_size(1), OW = of.transposed_size(2);
  std::vector<float> Y(static_cast<std::size_t>(of.batch * of.filters * OD * OH * OW));
  for (int n = 0; n < of.batch; ++n) {
    for (int f = 0; f < of.filters; ++f) {
      for (int c = 0; c < of.channels; ++c) {
        for_each_tap(of, [&](int kz, int ky, int kx) {
          for (int z = 0; z < of.size[0]; ++z) {
            for (int y = 0; y < of.size[1]; ++y) {
              for (int x = 0; x < of.size[2]; ++x) {
                const int oz = z * of.stride + kz * of.dilation - of.padding[0];
                const int oy = y * of.stride + ky * of.dilation - of.padding[1];
                const int ox = x * of.stride + kx * of.dilation - of.padding[2];
                if (oz < 0 || oz >= OD || oy < 0 || oy >= OH || ox < 0 || ox >= OW) continue;
                Y[at({n, f, oz, oy, ox}, {of.batch, of.filters, OD, OH, OW})] +=
                    X[at({n, c, z, y, x},
                         {of.batch, of.channels, of.size[0], of.size[1], of.size[2]})] *
                    W[at({c, f, kz, ky, kx},
                         {of.channels, of.filters, of.kernel[0], of.kernel[1], of.kernel[2]})];
              }
            }
          }
        });
      }
    }
  }
  return Y;
}

inline int input_count(const convolution& of) {
  return of.batch * of.channels * of.size[0] * of.size[1] * of.size[2];
}
inline int weight_count(const convolution& of) {
  return of.filters * (of.channels / of.groups) * of.kernel[0] * of.kernel[1] * of.kernel[2];
}

}  // namespace test
