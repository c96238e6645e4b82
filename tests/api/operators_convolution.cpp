#include <lathe/ops/convolution.hpp>
#include <lathe/ops/transposed_convolution.hpp>

#include "operator_check.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using test::check_operator;
using test::make_case;

TEST_CASE("operators: conv1d") {
  check_operator(make_case("conv1d", ops::conv1d(1, 5, 37, 7, 3, 1, 1), {"W"}),
                 {.points = 6, .search = true});
  check_operator(make_case("conv1d strided", ops::conv1d(2, 3, 41, 19, 5, 2, 2), {"W"}));
  check_operator(make_case("conv1d dilated", ops::conv1d(1, 3, 29, 3, 3, 1, 0, 3), {"W"}));
  check_operator(make_case("conv1d of one point", ops::conv1d(1, 1, 1, 1, 1)));
}

TEST_CASE("operators: conv2d") {
  check_operator(make_case("conv2d", ops::conv2d(1, 5, 13, 17, 19, 3, 1, 1), {"W"}),
                 {.points = 6, .search = true});
  check_operator(make_case("conv2d strided", ops::conv2d(1, 3, 23, 19, 7, 7, 2, 3), {"W"}));
  check_operator(make_case("conv2d 1x1", ops::conv2d(1, 17, 7, 7, 33, 1), {"W"}));
  check_operator(make_case("conv2d two images", ops::conv2d(2, 2, 5, 37, 3, 3, 2, 0), {"W"}));
  check_operator(make_case("conv2d of one point", ops::conv2d(1, 1, 3, 3, 1, 3)));
}

TEST_CASE("operators: dilated_conv2d") {
  check_operator(make_case("dilated", ops::dilated_conv2d(1, 3, 17, 13, 11, 3, 1, 2), {"W"}),
                 {.points = 6, .search = true});
  check_operator(
      make_case("dilated strided", ops::dilated_conv2d(1, 5, 19, 23, 3, 3, 2, 2, 3), {"W"}));
}

TEST_CASE("operators: conv3d") {
  check_operator(make_case("conv3d", ops::conv3d(1, 3, 5, 7, 19, 5, 3, 1, 1), {"W"}),
                 {.points = 6, .search = true});
  check_operator(make_case("conv3d strided", ops::conv3d(1, 2, 7, 9, 11, 17, 3, 2, 1), {"W"}),
                 {.points = 4});
}

TEST_CASE("operators: group_conv2d") {
  check_operator(make_case("group", ops::group_conv2d(1, 6, 11, 13, 9, 3, 3, 1, 1), {"W"}),
                 {.points = 6, .search = true});
  check_operator(
      make_case("group strided", ops::group_conv2d(1, 4, 13, 19, 34, 2, 3, 2, 1), {"W"}));
}

TEST_CASE("operators: depthwise_conv2d") {
  check_operator(make_case("depthwise", ops::depthwise_conv2d(1, 19, 11, 13, 1, 3, 1, 1), {"W"}),
                 {.points = 6, .search = true});
  check_operator(
      make_case("depthwise multiplied", ops::depthwise_conv2d(1, 5, 13, 17, 3, 3, 2, 1), {"W"}));
}

TEST_CASE("operators: conv_transpose1d") {
  check_operator(make_case("transposed 1d", ops::conv_transpose1d(1, 5, 23, 7, 3, 2, 1, 1), {"W"}),
                 {.points = 6, .search = true});
  check_operator(
      make_case("transposed 1d, stride 1", ops::conv_transpose1d(1, 3, 37, 19, 5), {"W"}));
  check_operator(
      make_case("transposed 1d dilated", ops::conv_transpose1d(1, 2, 11, 3, 3, 3, 2, 0, 2), {"W"}));
  // One tap: two sums of three are empty. Stride and dilation with a common divisor: so is half.
  check_operator(
      make_case("transposed 1d, 1 tap", ops::conv_transpose1d(1, 5, 11, 3, 1, 3), {"W"}));
  check_operator(make_case("transposed 1d, stride and dilation 2",
                           ops::conv_transpose1d(2, 3, 13, 17, 4, 2, 3, 1, 2), {"W"}));
}

TEST_CASE("operators: conv_transpose2d") {
  check_operator(
      make_case("transposed 2d", ops::conv_transpose2d(1, 5, 7, 9, 3, 3, 2, 1, 1), {"W"}),
      {.points = 6, .search = true});
  check_operator(
      make_case("transposed 2d, stride 1", ops::conv_transpose2d(1, 3, 11, 17, 7, 3, 1, 1), {"W"}));
  check_operator(
      make_case("transposed 2d, stride 3", ops::conv_transpose2d(1, 2, 5, 4, 19, 4, 3, 0), {"W"}));
  check_operator(make_case("transposed 2d, many filters",
                           ops::conv_transpose2d(1, 9, 7, 7, 65, 3, 2, 1), {"W"}),
                 {.points = 4});
  check_operator(make_case("transposed 2d dilated",
                           ops::conv_transpose2d(1, 2, 9, 21, 3, 3, 2, 1, 1, 3), {"W"}));
}

TEST_CASE("operators: conv_transpose3d") {
  check_operator(
      make_case("transposed 3d", ops::conv_transpose3d(1, 3, 3, 5, 7, 5, 3, 2, 1, 1), {"W"}),
      {.points = 8, .search = true});
  check_operator(make_case("transposed 3d, stride 3",
                           ops::conv_transpose3d(1, 2, 2, 3, 5, 3, 4, 3, 1), {"W"}));
}

namespace {

/// An image of twice the size: each new pixel is a weighted mean of those of its neighbours that
/// exist. Not a matrix product: there is one channel, and the weights are symmetric.
constexpr auto upsampled(int height, int width) {
  axis<"y"> y{2 * height};
  axis<"x"> x{2 * width};
  axis<"ry"> ry{5};
  axis<"rx"> rx{5};
  tensor<"image", float, 2> image{height, width};
  tensor<"weight", float, 1> weight{5};
  tensor<"large", float, 2> large;
  return op<"upsampled">(image, weight, large)(
      large(y, x) =
          sum(ry, rx)(select((y + ry - 2) % 2 == 0 && (x + rx - 2) % 2 == 0 && y + ry >= 2 &&
                                 x + rx >= 2 && y + ry < 2 * height + 2 && x + rx < 2 * width + 2,
                             image((y + ry - 2) / 2, (x + rx - 2) / 2), 0) *
                      weight(ry) * weight(rx)));
}

/// Samples of several polyphase filters, an audio signal at three halves of its rate.
constexpr auto resampled(int channels, int length, int taps) {
  axis<"c"> c{channels};
  axis<"t"> t{3 * length / 2};
  axis<"r"> r{taps};
  tensor<"signal", double, 2> signal{channels, length};
  tensor<"taps", double, 1> filter{taps};
  tensor<"out", double, 2> out;
  return op<"resampled">(signal, filter, out)(
      out(c, t) = sum(r)(
          select((t * 2 + r) % 3 == 0 && (t * 2 + r) / 3 < length, signal(c, (t * 2 + r) / 3), 0) *
          filter(r)));
}

}  // namespace

TEST_CASE("operators: custom ones that read every n-th point") {
  check_operator(make_case("upsampled", upsampled(13, 37)), {.points = 8, .search = true});
  check_operator(make_case("resampled", resampled(3, 70, 13)), {.points = 8, .search = true});
}

TEST_CASE("operators: convolutions scheduled by hand") {
  check_operator(
      make_case("conv2d", ops::conv2d(1, 5, 9, 11, 37, 3, 1, 1)),
      {.points = 0,
       .traces = {"inline(P); split(Y.f -> f0:_, f1:16); split(Y.x -> x0:_, x1:6); "
                  "reorder(Y: n f0 y x0 rc ry rx x1 f1); unroll(Y.x1); vectorize(Y.f1); "
                  "cache_write(Y, register); pack(W -> Wp, [f/16 rc ry rx f%16])",
                  "compute_at(P, Y.f); split(Y.x -> x0:_, x1:8); "
                  "reorder(Y: n f y x0 rc ry rx x1); vectorize(Y.x1); cache_write(Y, register)",
                  // windows outside the rows (y) and inside of them (x)
                  "narrow(Y.ry: y); narrow(Y.rx: x); split(Y.f -> f0:_, f1:16); unroll(Y.x); "
                  "unroll(Y.rx); reorder(Y: n f0 y rc ry x rx f1); vectorize(Y.f1); "
                  "cache_write(Y, register); pack(W -> Wp, [f/16 rc d2 d3 f%16])"}});
  check_operator(make_case("transposed", ops::conv_transpose2d(1, 3, 5, 7, 4, 3, 2, 1, 1)),
                 {.points = 0,
                  .traces = {"inline(D); inline(P); split(Y.x -> x0:_, x1:8); "
                             "reorder(Y: n f y x0 rc ry rx x1); vectorize(Y.x1); "
                             "cache_write(Y, register)",
                             "inline(D); inline(P); phase(Y.x -> xr:2, xq:_); "
                             "narrow(Y.rx: xr); narrow(Y.ry: y); unroll(Y.rx); "
                             "reorder(Y: n y xr rc ry rx f xq); vectorize(Y.xq); unroll(Y.f); "
                             "cache_write(Y, register)",
                             "phase(Y.y -> yr:2, yq:_); phase(Y.x -> xr:2, xq:_); "
                             "narrow(Y.ry: yr yq); narrow(Y.rx: xr xq); narrow(P.yp); "
                             "narrow(P.xp); inline(D); unroll(Y.yr); unroll(Y.xr); "
                             "vectorize(Y.f); reorder(Y: n yr xr yq xq rc ry rx f); "
                             "cache_write(Y, register); compute_at(P, Y.yq)"}});
  check_operator(
      make_case("depthwise", ops::depthwise_conv2d(1, 7, 9, 13, 2, 3, 1, 1)),
      {.points = 0,
       .traces = {"inline(P); split(Y.x -> x0:_, x1:8); reorder(Y: n f y x0 ry rx x1); "
                  "unroll(Y.ry); unroll(Y.rx); vectorize(Y.x1); cache_write(Y, register); "
                  "parallel(Y.n)"}});
}

TEST_CASE("operators: conv2d of bytes, f16 and bf16") {
  check_operator(
      make_case("conv2d bf16", ops::conv2d<bf16, bf16, float>(1, 10, 13, 11, 19, 3, 1, 1), {"W"}),
      {.points = 6, .search = true});
  check_operator(
      make_case("conv2d f16", ops::conv2d<f16, f16, float>(1, 10, 13, 11, 19, 3, 1, 1), {"W"}),
      {.points = 2, .search = true});
  check_operator(
      make_case("conv2d u8i8",
                ops::conv2d<std::uint8_t, std::int8_t, int>(1, 10, 13, 11, 19, 3, 1, 1), {"W"}),
      {.points = 6, .search = true});
  check_operator(make_case("conv2d u8i8 strided",
                           ops::conv2d<std::uint8_t, std::int8_t, int>(2, 4, 9, 9, 33, 2, 2, 0)));
}
