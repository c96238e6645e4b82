/// @file
/// Operators for the static tests, written out here so that the tests of the language do not depend
/// on include/lathe/ops. Letters: N batch, C input channels, H x V input, F output channels, K
/// kernel edge, s stride, p padding, d dilation.
#pragma once

#include <lathe/analysis/describe.hpp>

namespace operators {

using namespace lathe;

constexpr auto gemv(int M, int K) {
  axis<"i"> i{M};
  axis<"k"> k{K};
  tensor<"A", float, 2> A;
  tensor<"x", float, 1> x;
  tensor<"y", float, 1> y;
  return op<"gemv">(A, x, y)(y(i) = sum(k)(A(i, k) * x(k)));
}

constexpr auto gemm(int M, int N, int K) {
  axis<"i"> i{M};
  axis<"j"> j{N};
  axis<"k"> k{K};
  tensor<"A", float, 2> A;
  tensor<"B", float, 2> B;
  tensor<"C", float, 2> C;
  return op<"gemm">(A, B, C)(C(i, j) = sum(k)(A(i, k) * B(k, j)));
}

constexpr auto bilinear(int M, int N, int K, int L) {
  axis<"i"> i{M};
  axis<"j"> j{N};
  axis<"k"> k{K};
  axis<"l"> l{L};
  tensor<"A", float, 2> A;
  tensor<"B", float, 2> B;
  tensor<"W", float, 3> W;
  tensor<"Y", float, 2> Y;
  return op<"bilinear">(A, B, W, Y)(Y(i, j) = sum(k, l)(A(i, k) * W(j, k, l) * B(i, l)));
}

constexpr auto conv1d(int N, int C, int L, int F, int K, int s, int p) {
  axis<"n"> n{N};
  axis<"c"> c{C};
  axis<"q"> q{L + 2 * p};
  axis<"f"> f{F};
  axis<"x"> x{(L + 2 * p - K) / s + 1};
  axis<"rc"> rc{C};
  axis<"rx"> rx{K};
  tensor<"X", float, 3> X{N, C, L};
  tensor<"W", float, 3> W;
  tensor<"P", float, 3> P;
  tensor<"Y", float, 3> Y;
  return op<"conv1d">(X, W, Y)(P(n, c, q) = select(q >= p && q < L + p, X(n, c, q - p), 0),
                               Y(n, f, x) = sum(rc, rx)(P(n, rc, x * s + rx) * W(f, rc, rx)));
}

constexpr auto conv_transpose1d(int N, int C, int L, int F, int K, int s, int p) {
  const int E = (L - 1) * s + 1;
  const int b = K - 1 - p;
  axis<"n"> n{N};
  axis<"c"> c{C};
  axis<"e"> e{E};
  axis<"q"> q{E + 2 * b};
  axis<"f"> f{F};
  axis<"x"> x{E + 2 * b - K + 1};
  axis<"rc"> rc{C};
  axis<"rx"> rx{K};
  tensor<"X", float, 3> X{N, C, L};
  tensor<"W", float, 3> W;
  tensor<"D", float, 3> D;
  tensor<"P", float, 3> P;
  tensor<"Y", float, 3> Y;
  return op<"conv_transpose1d">(X, W, Y)(
      D(n, c, e) = select(e % s == 0, X(n, c, e / s), 0),
      P(n, c, q) = select(q >= b && q < E + b, D(n, c, q - b), 0),
      Y(n, f, x) = sum(rc, rx)(P(n, rc, x + rx) * W(rc, f, K - 1 - rx)));
}

constexpr auto conv2d(int N, int C, int H, int V, int F, int K, int s, int p, int d = 1) {
  const int span = d * (K - 1) + 1;
  axis<"n"> n{N};
  axis<"c"> c{C};
  axis<"yp"> yp{H + 2 * p};
  axis<"xp"> xp{V + 2 * p};
  axis<"f"> f{F};
  axis<"y"> y{(H + 2 * p - span) / s + 1};
  axis<"x"> x{(V + 2 * p - span) / s + 1};
  axis<"rc"> rc{C};
  axis<"ry"> ry{K};
  axis<"rx"> rx{K};
  tensor<"X", float, 4> X{N, C, H, V};
  tensor<"W", float, 4> W;
  tensor<"P", float, 4> P;
  tensor<"Y", float, 4> Y;
  return op<"conv2d">(X, W, Y)(
      P(n, c, yp, xp) =
          select(yp >= p && yp < H + p && xp >= p && xp < V + p, X(n, c, yp - p, xp - p), 0),
      Y(n, f, y, x) = sum(rc, ry, rx)(P(n, rc, y * s + ry * d, x * s + rx * d) * W(f, rc, ry, rx)));
}

constexpr auto conv_transpose2d(int N, int C, int H, int V, int F, int K, int s, int p) {
  const int EH = (H - 1) * s + 1;
  const int EV = (V - 1) * s + 1;
  const int b = K - 1 - p;
  axis<"n"> n{N};
  axis<"c"> c{C};
  axis<"ye"> ye{EH};
  axis<"xe"> xe{EV};
  axis<"yp"> yp{EH + 2 * b};
  axis<"xp"> xp{EV + 2 * b};
  axis<"f"> f{F};
  axis<"y"> y{EH + 2 * b - K + 1};
  axis<"x"> x{EV + 2 * b - K + 1};
  axis<"rc"> rc{C};
  axis<"ry"> ry{K};
  axis<"rx"> rx{K};
  tensor<"X", float, 4> X{N, C, H, V};
  tensor<"W", float, 4> W;
  tensor<"D", float, 4> D;
  tensor<"P", float, 4> P;
  tensor<"Y", float, 4> Y;
  return op<"conv_transpose2d">(X, W, Y)(
      D(n, c, ye, xe) = select(ye % s == 0 && xe % s == 0, X(n, c, ye / s, xe / s), 0),
      P(n, c, yp, xp) =
          select(yp >= b && yp < EH + b && xp >= b && xp < EV + b, D(n, c, yp - b, xp - b), 0),
      Y(n, f, y, x) = sum(rc, ry, rx)(P(n, rc, y + ry, x + rx) * W(rc, f, K - 1 - ry, K - 1 - rx)));
}

constexpr auto conv3d(int N, int C, int D, int H, int V, int F, int K, int s, int p) {
  axis<"n"> n{N};
  axis<"c"> c{C};
  axis<"zp"> zp{D + 2 * p};
  axis<"yp"> yp{H + 2 * p};
  axis<"xp"> xp{V + 2 * p};
  axis<"f"> f{F};
  axis<"z"> z{(D + 2 * p - K) / s + 1};
  axis<"y"> y{(H + 2 * p - K) / s + 1};
  axis<"x"> x{(V + 2 * p - K) / s + 1};
  axis<"rc"> rc{C};
  axis<"rz"> rz{K};
  axis<"ry"> ry{K};
  axis<"rx"> rx{K};
  tensor<"X", float, 5> X{N, C, D, H, V};
  tensor<"W", float, 5> W;
  tensor<"P", float, 5> P;
  tensor<"Y", float, 5> Y;
  return op<"conv3d">(X, W, Y)(
      P(n, c, zp, yp, xp) =
          select(zp >= p && zp < D + p && yp >= p && yp < H + p && xp >= p && xp < V + p,
                 X(n, c, zp - p, yp - p, xp - p), 0),
      Y(n, f, z, y, x) =
          sum(rc, rz, ry, rx)(P(n, rc, z * s + rz, y * s + ry, x * s + rx) * W(f, rc, rz, ry, rx)));
}

constexpr auto conv_transpose3d(int N, int C, int D, int H, int V, int F, int K, int s, int p) {
  const int ED = (D - 1) * s + 1;
  const int EH = (H - 1) * s + 1;
  const int EV = (V - 1) * s + 1;
  const int b = K - 1 - p;
  axis<"n"> n{N};
  axis<"c"> c{C};
  axis<"ze"> ze{ED};
  axis<"ye"> ye{EH};
  axis<"xe"> xe{EV};
  axis<"zp"> zp{ED + 2 * b};
  axis<"yp"> yp{EH + 2 * b};
  axis<"xp"> xp{EV + 2 * b};
  axis<"f"> f{F};
  axis<"z"> z{ED + 2 * b - K + 1};
  axis<"y"> y{EH + 2 * b - K + 1};
  axis<"x"> x{EV + 2 * b - K + 1};
  axis<"rc"> rc{C};
  axis<"rz"> rz{K};
  axis<"ry"> ry{K};
  axis<"rx"> rx{K};
  tensor<"X", float, 5> X{N, C, D, H, V};
  tensor<"W", float, 5> W;
  tensor<"E", float, 5> E;
  tensor<"P", float, 5> P;
  tensor<"Y", float, 5> Y;
  return op<"conv_transpose3d">(X, W, Y)(
      E(n, c, ze, ye, xe) =
          select(ze % s == 0 && ye % s == 0 && xe % s == 0, X(n, c, ze / s, ye / s, xe / s), 0),
      P(n, c, zp, yp, xp) =
          select(zp >= b && zp < ED + b && yp >= b && yp < EH + b && xp >= b && xp < EV + b,
                 E(n, c, zp - b, yp - b, xp - b), 0),
      Y(n, f, z, y, x) = sum(rc, rz, ry, rx)(P(n, rc, z + rz, y + ry, x + rx) *
                                             W(rc, f, K - 1 - rz, K - 1 - ry, K - 1 - rx)));
}

// G groups
constexpr auto group_conv2d(int N, int C, int H, int V, int F, int G, int K, int s, int p) {
  const int group_in = C / G;
  const int group_out = F / G;
  axis<"n"> n{N};
  axis<"c"> c{C};
  axis<"yp"> yp{H + 2 * p};
  axis<"xp"> xp{V + 2 * p};
  axis<"f"> f{F};
  axis<"y"> y{(H + 2 * p - K) / s + 1};
  axis<"x"> x{(V + 2 * p - K) / s + 1};
  axis<"rc"> rc{group_in};
  axis<"ry"> ry{K};
  axis<"rx"> rx{K};
  tensor<"X", float, 4> X{N, C, H, V};
  tensor<"W", float, 4> W;
  tensor<"P", float, 4> P;
  tensor<"Y", float, 4> Y;
  return op<"group_conv2d">(X, W, Y)(
      P(n, c, yp, xp) =
          select(yp >= p && yp < H + p && xp >= p && xp < V + p, X(n, c, yp - p, xp - p), 0),
      Y(n, f, y, x) = sum(rc, ry, rx)(P(n, f / group_out * group_in + rc, y * s + ry, x * s + rx) *
                                      W(f, rc, ry, rx)));
}

// M outputs per channel
constexpr auto depthwise_conv2d(int N, int C, int H, int V, int M, int K, int s, int p) {
  axis<"n"> n{N};
  axis<"c"> c{C};
  axis<"yp"> yp{H + 2 * p};
  axis<"xp"> xp{V + 2 * p};
  axis<"f"> f{C * M};
  axis<"y"> y{(H + 2 * p - K) / s + 1};
  axis<"x"> x{(V + 2 * p - K) / s + 1};
  axis<"ry"> ry{K};
  axis<"rx"> rx{K};
  tensor<"X", float, 4> X{N, C, H, V};
  tensor<"W", float, 4> W;
  tensor<"P", float, 4> P;
  tensor<"Y", float, 4> Y;
  return op<"depthwise_conv2d">(X, W, Y)(
      P(n, c, yp, xp) =
          select(yp >= p && yp < H + p && xp >= p && xp < V + p, X(n, c, yp - p, xp - p), 0),
      Y(n, f, y, x) = sum(ry, rx)(P(n, f / M, y * s + ry, x * s + rx) * W(f / M, f % M, ry, rx)));
}

// b x b circulant blocks, each given by its first row
constexpr auto block_circulant_matmul(int M, int N, int K, int b) {
  axis<"i"> i{M};
  axis<"j"> j{N};
  axis<"k"> k{K};
  tensor<"A", float, 2> A;
  tensor<"w", float, 3> w;
  tensor<"C", float, 2> C;
  return op<"block_circulant_matmul">(
      A, w, C)(C(i, j) = sum(k)(A(i, k) * w(k / b, j / b, (j % b + (b - k % b)) % b)));
}

// S holds the shift of each channel: a data-dependent index
constexpr auto shift(int N, int H, int V, int C, int K) {
  const int p = K / 2;
  axis<"n"> n{N};
  axis<"yp"> yp{H + 2 * p};
  axis<"xp"> xp{V + 2 * p};
  axis<"y"> y{H};
  axis<"x"> x{V};
  axis<"c"> c{C};
  tensor<"X", float, 4> X{N, H, V, C};
  tensor<"S", int, 1> S;
  tensor<"P", float, 4> P;
  tensor<"Y", float, 4> Y;
  return op<"shift">(X, S, Y)(
      P(n, yp, xp, c) =
          select(yp >= p && yp < H + p && xp >= p && xp < V + p, X(n, yp - p, xp - p, c), 0),
      Y(n, y, x, c) = P(n, y + S(c) / K, x + S(c) % K, c));
}

constexpr auto softmax(int M, int N) {
  axis<"i"> i{M};
  axis<"j"> j{N};
  axis<"k"> k{N};
  tensor<"X", float, 2> X;
  tensor<"m", float, 1> m;
  tensor<"E", float, 2> E;
  tensor<"s", float, 1> s;
  tensor<"Y", float, 2> Y;
  return op<"softmax">(X, Y)(m(i) = max(k)(X(i, k)), E(i, j) = exp(X(i, j) - m(i)),
                             s(i) = sum(k)(E(i, k)), Y(i, j) = E(i, j) / s(i));
}

}  // namespace operators
