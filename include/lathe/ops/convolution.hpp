/// @file
/// Convolutions (cross-correlations, as in deep learning) on N C D H W layouts with square kernels.
/// Each is two stages: P pads the input with zeros, Y convolves.
///
/// Output extents: (size + 2 padding - (dilation (kernel - 1) + 1)) / stride + 1, rounded down.
/// Source: FlexTensor (ASPLOS 2020), Tables 1 and 3.
#pragma once

#include <lathe/analysis/describe.hpp>

namespace lathe::ops {
namespace detail {

// Extent of a convolution's output.
constexpr int convolved(int size, int kernel, int stride, int padding, int dilation) {
  return (size + 2 * padding - (dilation * (kernel - 1) + 1)) / stride + 1;
}

}  // namespace detail

/// Y[n,f,x] = sum_{rc,rx} P[n, rc, x stride + rx dilation] W[f,rc,rx]. Parameters
/// X[batch, channels, length], W[filters, channels, kernel], Y[batch, filters, output length].
template <class Element = float>
constexpr auto conv1d(int batch, int channels, int length, int filters, int kernel, int stride = 1,
                      int padding = 0, int dilation = 1) {
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"xp"> xp{length + 2 * padding};
  axis<"f"> f{filters};
  axis<"x"> x{detail::convolved(length, kernel, stride, padding, dilation)};
  axis<"rc"> rc{channels};
  axis<"rx"> rx{kernel};
  tensor<"X", Element, 3> X{batch, channels, length};
  tensor<"W", Element, 3> W;
  tensor<"P", Element, 3> P;
  tensor<"Y", Element, 3> Y;
  return op<"conv1d">(X, W, Y)(
      P(n, c, xp) = select(xp >= padding && xp < length + padding, X(n, c, xp - padding), 0),
      Y(n, f, x) = sum(rc, rx)(P(n, rc, x * stride + rx * dilation) * W(f, rc, rx)));
}

/// Y[n,f,y,x] = sum_{rc,ry,rx} P[n, rc, y stride + ry dilation, x stride + rx dilation]
/// W[f,rc,ry,rx]. Parameters X[batch, channels, height, width], W[filters, channels, kernel,
/// kernel], Y[batch, filters, output height, output width]. The elements of X and W are converted
/// to those of Y before they are multiplied: conv2d<std::uint8_t, std::int8_t, int>(...).
template <class Image = float, class Weight = Image, class Result = Image>
constexpr auto conv2d(int batch, int channels, int height, int width, int filters, int kernel,
                      int stride = 1, int padding = 0, int dilation = 1) {
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"yp"> yp{height + 2 * padding};
  axis<"xp"> xp{width + 2 * padding};
  axis<"f"> f{filters};
  axis<"y"> y{detail::convolved(height, kernel, stride, padding, dilation)};
  axis<"x"> x{detail::convolved(width, kernel, stride, padding, dilation)};
  axis<"rc"> rc{channels};
  axis<"ry"> ry{kernel};
  axis<"rx"> rx{kernel};
  tensor<"X", Image, 4> X{batch, channels, height, width};
  tensor<"W", Weight, 4> W;
  tensor<"P", Image, 4> P;
  tensor<"Y", Result, 4> Y;
  return op<"conv2d">(X, W, Y)(
      P(n, c, yp, xp) = select(yp >= padding && yp < height + padding &&  //
                                   xp >= padding && xp < width + padding,
                               X(n, c, yp - padding, xp - padding), 0),
      Y(n, f, y, x) = sum(rc, ry, rx)(
          cast<Result>(P(n, rc, y * stride + ry * dilation, x * stride + rx * dilation)) *
          cast<Result>(W(f, rc, ry, rx))));
}

/// conv2d whose kernel elements lie `dilation` apart (Yu and Koltun, ICLR 2016).
template <class Element = float>
constexpr auto dilated_conv2d(int batch, int channels, int height, int width, int filters,
                              int kernel, int stride = 1, int padding = 0, int dilation = 2) {
  return conv2d<Element>(batch, channels, height, width, filters, kernel, stride, padding,
                         dilation);
}

/// conv2d with one more image dimension: Y[n,f,z,y,x] = sum_{rc,rz,ry,rx} P[...] W[f,rc,rz,ry,rx].
/// Parameters X[batch, channels, depth, height, width], W[filters, channels, kernel, kernel,
/// kernel], Y[batch, filters, output depth, output height, output width].
template <class Element = float>
constexpr auto conv3d(int batch, int channels, int depth, int height, int width, int filters,
                      int kernel, int stride = 1, int padding = 0, int dilation = 1) {
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"zp"> zp{depth + 2 * padding};
  axis<"yp"> yp{height + 2 * padding};
  axis<"xp"> xp{width + 2 * padding};
  axis<"f"> f{filters};
  axis<"z"> z{detail::convolved(depth, kernel, stride, padding, dilation)};
  axis<"y"> y{detail::convolved(height, kernel, stride, padding, dilation)};
  axis<"x"> x{detail::convolved(width, kernel, stride, padding, dilation)};
  axis<"rc"> rc{channels};
  axis<"rz"> rz{kernel};
  axis<"ry"> ry{kernel};
  axis<"rx"> rx{kernel};
  tensor<"X", Element, 5> X{batch, channels, depth, height, width};
  tensor<"W", Element, 5> W;
  tensor<"P", Element, 5> P;
  tensor<"Y", Element, 5> Y;
  return op<"conv3d">(X, W, Y)(
      P(n, c, zp, yp, xp) = select(zp >= padding && zp < depth + padding &&       //
                                       yp >= padding && yp < height + padding &&  //
                                       xp >= padding && xp < width + padding,
                                   X(n, c, zp - padding, yp - padding, xp - padding), 0),
      Y(n, f, z, y, x) =
          sum(rc, rz, ry, rx)(P(n, rc, z * stride + rz * dilation, y * stride + ry * dilation,
                                x * stride + rx * dilation) *
                              W(f, rc, rz, ry, rx)));
}

/// conv2d in `groups` independent groups of channels: filter f reads the channels of its group.
/// Parameters X[batch, channels, height, width], W[filters, channels / groups, kernel, kernel],
/// Y[batch, filters, output height, output width]; groups divides channels and filters.
template <class Element = float>
constexpr auto group_conv2d(int batch, int channels, int height, int width, int filters, int groups,
                            int kernel, int stride = 1, int padding = 0, int dilation = 1) {
  const int group_channels = channels / groups;
  const int group_filters = filters / groups;
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"yp"> yp{height + 2 * padding};
  axis<"xp"> xp{width + 2 * padding};
  axis<"f"> f{filters};
  axis<"y"> y{detail::convolved(height, kernel, stride, padding, dilation)};
  axis<"x"> x{detail::convolved(width, kernel, stride, padding, dilation)};
  axis<"rc"> rc{group_channels};
  axis<"ry"> ry{kernel};
  axis<"rx"> rx{kernel};
  tensor<"X", Element, 4> X{batch, channels, height, width};
  tensor<"W", Element, 4> W;
  tensor<"P", Element, 4> P;
  tensor<"Y", Element, 4> Y;
  return op<"group_conv2d">(X, W, Y)(
      P(n, c, yp, xp) = select(yp >= padding && yp < height + padding &&  //
                                   xp >= padding && xp < width + padding,
                               X(n, c, yp - padding, xp - padding), 0),
      Y(n, f, y, x) = sum(rc, ry, rx)(P(n, f / group_filters * group_channels + rc,
                                        y * stride + ry * dilation, x * stride + rx * dilation) *
                                      W(f, rc, ry, rx)));
}

/// One channel at a time, `multiplier` outputs per channel: Y[n,f,y,x] = sum_{ry,rx} P[n,
/// f / multiplier, ...] W[f / multiplier, f % multiplier, ry, rx]. Parameters
/// X[batch, channels, height, width], W[channels, multiplier, kernel, kernel],
/// Y[batch, channels * multiplier, output height, output width].
template <class Element = float>
constexpr auto depthwise_conv2d(int batch, int channels, int height, int width, int multiplier,
                                int kernel, int stride = 1, int padding = 0, int dilation = 1) {
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"yp"> yp{height + 2 * padding};
  axis<"xp"> xp{width + 2 * padding};
  axis<"f"> f{channels * multiplier};
  axis<"y"> y{detail::convolved(height, kernel, stride, padding, dilation)};
  axis<"x"> x{detail::convolved(width, kernel, stride, padding, dilation)};
  axis<"ry"> ry{kernel};
  axis<"rx"> rx{kernel};
  tensor<"X", Element, 4> X{batch, channels, height, width};
  tensor<"W", Element, 4> W;
  tensor<"P", Element, 4> P;
  tensor<"Y", Element, 4> Y;
  return op<"depthwise_conv2d">(X, W, Y)(
      P(n, c, yp, xp) = select(yp >= padding && yp < height + padding &&  //
                                   xp >= padding && xp < width + padding,
                               X(n, c, yp - padding, xp - padding), 0),
      Y(n, f, y, x) =
          sum(ry, rx)(P(n, f / multiplier, y * stride + ry * dilation, x * stride + rx * dilation) *
                      W(f / multiplier, f % multiplier, ry, rx)));
}

}  // namespace lathe::ops
