/// @file
/// Pooling of images in N C H W layout with square windows. Each is two stages: P pads, Y pools.
/// Output extents: (size + 2 padding - window) / stride + 1, rounded down.
#pragma once

#include <lathe/analysis/describe.hpp>

#include <limits>

namespace lathe::ops {

/// The largest element of each window; the border counts as the lowest number. Parameters
/// X[batch, channels, height, width], Y[batch, channels, output height, output width].
template <class Element = float>
constexpr auto max_pool2d(int batch, int channels, int height, int width, int window, int stride,
                          int padding = 0) {
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"yp"> yp{height + 2 * padding};
  axis<"xp"> xp{width + 2 * padding};
  axis<"y"> y{(height + 2 * padding - window) / stride + 1};
  axis<"x"> x{(width + 2 * padding - window) / stride + 1};
  axis<"ry"> ry{window};
  axis<"rx"> rx{window};
  tensor<"X", Element, 4> X{batch, channels, height, width};
  tensor<"P", Element, 4> P;
  tensor<"Y", Element, 4> Y;
  return op<"max_pool2d">(X, Y)(
      P(n, c, yp, xp) =
          select(yp >= padding && yp < height + padding &&  //
                     xp >= padding && xp < width + padding,
                 X(n, c, yp - padding, xp - padding), std::numeric_limits<Element>::lowest()),
      Y(n, c, y, x) = max(ry, rx)(P(n, c, y * stride + ry, x * stride + rx)));
}

/// The mean of each window; the border counts as zeros and is part of the window. Parameters
/// X[batch, channels, height, width], Y[batch, channels, output height, output width].
template <class Element = float>
constexpr auto avg_pool2d(int batch, int channels, int height, int width, int window, int stride,
                          int padding = 0) {
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"yp"> yp{height + 2 * padding};
  axis<"xp"> xp{width + 2 * padding};
  axis<"y"> y{(height + 2 * padding - window) / stride + 1};
  axis<"x"> x{(width + 2 * padding - window) / stride + 1};
  axis<"ry"> ry{window};
  axis<"rx"> rx{window};
  tensor<"X", Element, 4> X{batch, channels, height, width};
  tensor<"P", Element, 4> P;
  tensor<"Y", Element, 4> Y;
  return op<"avg_pool2d">(X, Y)(
      P(n, c, yp, xp) = select(yp >= padding && yp < height + padding &&  //
                                   xp >= padding && xp < width + padding,
                               X(n, c, yp - padding, xp - padding), 0),
      Y(n, c, y, x) = sum(ry, rx)(P(n, c, y * stride + ry, x * stride + rx)) / (window * window));
}

}  // namespace lathe::ops
