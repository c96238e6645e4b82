/// @file
/// Shift operators on N H W C layouts: every channel is moved by its own offset, read from an
/// integer tensor S with values in 0 .. kernel * kernel - 1 (row and column of the offset).
/// Source: Wu et al., "Shift", CVPR 2018; SHO of FlexTensor (ASPLOS 2020), section 6.5.
#pragma once

#include <lathe/analysis/describe.hpp>

namespace lathe::ops {

/// Y[n,y,x,c] = P[n, y stride + S[c] / kernel dilation, x stride + S[c] % kernel dilation, c],
/// where P is X in a border of dilation (kernel - 1) / 2 zeros. Pure data movement. Parameters
/// X[batch, height, width, channels], S[channels] of int, Y[batch, (height - 1) / stride + 1,
/// (width - 1) / stride + 1, channels]; kernel is odd.
template <class Element = float>
constexpr auto shift(int batch, int height, int width, int channels, int kernel, int stride = 1,
                     int dilation = 1) {
  const int border = dilation * (kernel - 1) / 2;
  axis<"n"> n{batch};
  axis<"yp"> yp{height + 2 * border};
  axis<"xp"> xp{width + 2 * border};
  axis<"y"> y{(height - 1) / stride + 1};
  axis<"x"> x{(width - 1) / stride + 1};
  axis<"c"> c{channels};
  tensor<"X", Element, 4> X{batch, height, width, channels};
  tensor<"S", int, 1> S;
  tensor<"P", Element, 4> P;
  tensor<"Y", Element, 4> Y;
  return op<"shift">(X, S, Y)(P(n, yp, xp, c) = select(yp >= border && yp < height + border &&  //
                                                           xp >= border && xp < width + border,
                                                       X(n, yp - border, xp - border, c), 0),
                              Y(n, y, x, c) = P(n, y * stride + S(c) / kernel * dilation,
                                                x * stride + S(c) % kernel * dilation, c));
}

/// shift (stride 1), then a 1 x 1 convolution over the shifted channels: Y[n,y,x,f] =
/// sum_rc Z[n,y,x,rc] W[rc,f]. Parameters X[batch, height, width, channels], S[channels] of int,
/// W[channels, filters], Y[batch, height, width, filters]; kernel is odd.
template <class Element = float>
constexpr auto shift_conv(int batch, int height, int width, int channels, int filters, int kernel,
                          int dilation = 1) {
  const int border = dilation * (kernel - 1) / 2;
  axis<"n"> n{batch};
  axis<"yp"> yp{height + 2 * border};
  axis<"xp"> xp{width + 2 * border};
  axis<"y"> y{height};
  axis<"x"> x{width};
  axis<"c"> c{channels};
  axis<"f"> f{filters};
  axis<"rc"> rc{channels};
  tensor<"X", Element, 4> X{batch, height, width, channels};
  tensor<"S", int, 1> S;
  tensor<"W", Element, 2> W;
  tensor<"P", Element, 4> P;
  tensor<"Z", Element, 4> Z;
  tensor<"Y", Element, 4> Y;
  return op<"shift_conv">(X, S, W, Y)(
      P(n, yp, xp, c) = select(yp >= border && yp < height + border &&  //
                                   xp >= border && xp < width + border,
                               X(n, yp - border, xp - border, c), 0),
      Z(n, y, x, c) = P(n, y + S(c) / kernel * dilation, x + S(c) % kernel * dilation, c),
      Y(n, y, x, f) = sum(rc)(Z(n, y, x, rc) * W(rc, f)));
}

}  // namespace lathe::ops
