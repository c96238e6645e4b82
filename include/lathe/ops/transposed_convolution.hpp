/// @file
/// Transposed convolutions on N C D H W layouts with square kernels. Each is three stages: D
/// spreads the input `stride` apart, P pads it with zeros, Y correlates it with the flipped kernel.
///
/// Output extents: (size - 1) stride - 2 padding + dilation (kernel - 1) + 1 + output_padding.
/// Source: FlexTensor (ASPLOS 2020), Tables 1 and 3; Dumoulin and Visin, arXiv:1603.07285, ch. 4.
#pragma once

#include <lathe/analysis/describe.hpp>

namespace lathe::ops {

/// Y[n,f,x] = sum_{rc,rx} P[n, rc, x + rx dilation] W[rc, f, kernel - 1 - rx]. Parameters
/// X[batch, channels, length], W[channels, filters, kernel], Y[batch, filters, output length].
/// @pre padding <= dilation (kernel - 1)
template <class Element = float>
constexpr auto conv_transpose1d(int batch, int channels, int length, int filters, int kernel,
                                int stride = 1, int padding = 0, int output_padding = 0,
                                int dilation = 1) {
  const int reach = dilation * (kernel - 1);
  const int border = reach - padding;
  const int spread = (length - 1) * stride + 1;
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"xe"> xe{spread};
  axis<"xp"> xp{spread + 2 * border + output_padding};
  axis<"f"> f{filters};
  axis<"x"> x{spread + 2 * border + output_padding - reach};
  axis<"rc"> rc{channels};
  axis<"rx"> rx{kernel};
  tensor<"X", Element, 3> X{batch, channels, length};
  tensor<"W", Element, 3> W;
  tensor<"D", Element, 3> D;
  tensor<"P", Element, 3> P;
  tensor<"Y", Element, 3> Y;
  return op<"conv_transpose1d">(X, W, Y)(
      D(n, c, xe) = select(xe % stride == 0, X(n, c, xe / stride), 0),
      P(n, c, xp) = select(xp >= border && xp < spread + border, D(n, c, xp - border), 0),
      Y(n, f, x) = sum(rc, rx)(P(n, rc, x + rx * dilation) * W(rc, f, kernel - 1 - rx)));
}

/// Y[n,f,y,x] = sum_{rc,ry,rx} P[n, rc, y + ry dilation, x + rx dilation]
/// W[rc, f, kernel - 1 - ry, kernel - 1 - rx]. Parameters X[batch, channels, height, width],
/// W[channels, filters, kernel, kernel], Y[batch, filters, output height, output width].
/// @pre padding <= dilation (kernel - 1)
template <class Element = float>
constexpr auto conv_transpose2d(int batch, int channels, int height, int width, int filters,
                                int kernel, int stride = 1, int padding = 0, int output_padding = 0,
                                int dilation = 1) {
  const int reach = dilation * (kernel - 1);
  const int border = reach - padding;
  const int spread_height = (height - 1) * stride + 1;
  const int spread_width = (width - 1) * stride + 1;
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"ye"> ye{spread_height};
  axis<"xe"> xe{spread_width};
  axis<"yp"> yp{spread_height + 2 * border + output_padding};
  axis<"xp"> xp{spread_width + 2 * border + output_padding};
  axis<"f"> f{filters};
  axis<"y"> y{spread_height + 2 * border + output_padding - reach};
  axis<"x"> x{spread_width + 2 * border + output_padding - reach};
  axis<"rc"> rc{channels};
  axis<"ry"> ry{kernel};
  axis<"rx"> rx{kernel};
  tensor<"X", Element, 4> X{batch, channels, height, width};
  tensor<"W", Element, 4> W;
  tensor<"D", Element, 4> D;
  tensor<"P", Element, 4> P;
  tensor<"Y", Element, 4> Y;
  return op<"conv_transpose2d">(X, W, Y)(
      D(n, c, ye, xe) =
          select(ye % stride == 0 && xe % stride == 0, X(n, c, ye / stride, xe / stride), 0),
      P(n, c, yp, xp) = select(yp >= border && yp < spread_height + border &&  //
                                   xp >= border && xp < spread_width + border,
                               D(n, c, yp - border, xp - border), 0),
      Y(n, f, y, x) = sum(rc, ry, rx)(P(n, rc, y + ry * dilation, x + rx * dilation) *
                                      W(rc, f, kernel - 1 - ry, kernel - 1 - rx)));
}

/// conv_transpose2d with one more image dimension. Parameters X[batch, channels, depth, height,
/// width], W[channels, filters, kernel, kernel, kernel], Y[batch, filters, output depth, output
/// height, output width].
/// @pre padding <= dilation (kernel - 1)
template <class Element = float>
constexpr auto conv_transpose3d(int batch, int channels, int depth, int height, int width,
                                int filters, int kernel, int stride = 1, int padding = 0,
                                int output_padding = 0, int dilation = 1) {
  const int reach = dilation * (kernel - 1);
  const int border = reach - padding;
  const int spread_depth = (depth - 1) * stride + 1;
  const int spread_height = (height - 1) * stride + 1;
  const int spread_width = (width - 1) * stride + 1;
  axis<"n"> n{batch};
  axis<"c"> c{channels};
  axis<"ze"> ze{spread_depth};
  axis<"ye"> ye{spread_height};
  axis<"xe"> xe{spread_width};
  axis<"zp"> zp{spread_depth + 2 * border + output_padding};
  axis<"yp"> yp{spread_height + 2 * border + output_padding};
  axis<"xp"> xp{spread_width + 2 * border + output_padding};
  axis<"f"> f{filters};
  axis<"z"> z{spread_depth + 2 * border + output_padding - reach};
  axis<"y"> y{spread_height + 2 * border + output_padding - reach};
  axis<"x"> x{spread_width + 2 * border + output_padding - reach};
  axis<"rc"> rc{channels};
  axis<"rz"> rz{kernel};
  axis<"ry"> ry{kernel};
  axis<"rx"> rx{kernel};
  tensor<"X", Element, 5> X{batch, channels, depth, height, width};
  tensor<"W", Element, 5> W;
  tensor<"D", Element, 5> D;
  tensor<"P", Element, 5> P;
  tensor<"Y", Element, 5> Y;
  return op<"conv_transpose3d">(X, W, Y)(
      D(n, c, ze, ye, xe) = select(ze % stride == 0 && ye % stride == 0 && xe % stride == 0,
                                   X(n, c, ze / stride, ye / stride, xe / stride), 0),
      P(n, c, zp, yp, xp) = select(zp >= border && zp < spread_depth + border &&       //
                                       yp >= border && yp < spread_height + border &&  //
                                       xp >= border && xp < spread_width + border,
                                   D(n, c, zp - border, yp - border, xp - border), 0),
      Y(n, f, z, y, x) =
          sum(rc, rz, ry, rx)(P(n, rc, z + rz * dilation, y + ry * dilation, x + rx * dilation) *
                              W(rc, f, kernel - 1 - rz, kernel - 1 - ry, kernel - 1 - rx)));
}

}  // namespace lathe::ops
