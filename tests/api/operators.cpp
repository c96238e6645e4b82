#include <lathe/ops/circulant.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/pooling.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/stencil.hpp>

#include "operator_check.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using test::check_operator;
using test::make_case;

// Sizes: 1, primes, one less and one more than vectors and tiles, several tiles with tails.

TEST_CASE("operators: gemm") {
  check_operator(make_case("gemm 37x53x41", ops::gemm(37, 53, 41), {"B"}),
                 {.points = 6, .search = true});
  check_operator(make_case("gemm 1x1x1", ops::gemm(1, 1, 1)));
  check_operator(make_case("gemm 1x131x7", ops::gemm(1, 131, 7), {"B"}));
  check_operator(make_case("gemm 61x1x67", ops::gemm(61, 1, 67), {"A"}));
  check_operator(make_case("gemm 17x15x1", ops::gemm(17, 15, 1), {"A", "B"}));
  check_operator(make_case("gemm 129x161x97", ops::gemm(129, 161, 97), {"B"}));
}

TEST_CASE("operators: gemm of other element types") {
  check_operator(make_case("gemm f64", ops::gemm<double>(23, 31, 29), {"B"}));
  check_operator(make_case("gemm i32", ops::gemm<int>(23, 31, 29), {"B"}));
  check_operator(make_case("gemm i8", ops::gemm<std::int8_t>(13, 67, 29)));
  check_operator(make_case("gemm u8", ops::gemm<std::uint8_t>(13, 67, 29), {"A"}));
  check_operator(make_case("gemm i64", ops::gemm<std::int64_t>(13, 17, 29)));
}

TEST_CASE("operators: products of bf16") {
  check_operator(make_case("gemm bf16 37x53x41", ops::gemm<bf16, bf16, float>(37, 53, 41), {"B"}),
                 {.points = 6, .search = true});
  check_operator(make_case("gemm bf16 1x131x2", ops::gemm<bf16, bf16, float>(1, 131, 2)));
  axis<"i"> i{7};
  axis<"j"> j{21};
  axis<"k"> k{13};
  tensor<"A", bf16, 2> A;
  tensor<"B", bf16, 2> B;
  tensor<"Y", bf16, 2> Y;  // rounded once, when it is stored
  check_operator(
      make_case("product stored as bf16",
                op<"stored">(A, B, Y)(
                    Y(i, j) = cast<bf16>(sum(k)(cast<float>(A(k, i)) * cast<float>(B(k, j)))))),
      {.points = 4, .search = true});
}

TEST_CASE("operators: products of f16") {
  check_operator(make_case("gemm f16 37x53x41", ops::gemm<f16, f16, float>(37, 53, 41), {"B"}),
                 {.points = 6, .search = true});
  axis<"i"> i{19};
  axis<"j"> j{21};
  axis<"k"> k{2500};
  tensor<"A", f16, 2> A;
  tensor<"B", bf16, 2> B;
  tensor<"Y", f16, 2> Y;  // sums that f16 does not hold
  check_operator(
      make_case("product of both, stored as f16",
                op<"stored">(A, B, Y)(
                    Y(i, j) = cast<f16>(sum(k)(cast<float>(A(k, i)) * cast<float>(B(k, j)))))),
      {.points = 4});
  tensor<"E", f16, 1> E;
  tensor<"Z", f16, 1> Z;
  check_operator(make_case("small numbers",
                           op<"decay">(E, Z)(Z(i) = cast<f16>(exp(-8 * abs(cast<float>(E(i))))))),
                 {.points = 4});
}

TEST_CASE("operators: products of bytes") {
  using u8 = std::uint8_t;
  using i8 = std::int8_t;
  check_operator(make_case("gemm u8i8 37x53x41", ops::gemm<u8, i8, int>(37, 53, 41), {"B"}),
                 {.points = 6, .search = true});
  check_operator(make_case("gemm i8i8 29x67x43", ops::gemm<i8, i8, int>(29, 67, 43)),
                 {.points = 4, .search = true});
  check_operator(make_case("gemm i8u8 1x131x4", ops::gemm<i8, u8, int>(1, 131, 4), {"A"}));
  check_operator(make_case("gemm u8i8 5x7x3", ops::gemm<u8, i8, int>(5, 7, 3)));
  // Both operands packed, of an operator that the library does not have.
  axis<"n"> n{3};
  axis<"i"> i{19};
  axis<"j"> j{35};
  axis<"k"> k{21};
  tensor<"A", u8, 3> A;
  tensor<"B", i8, 3> B;
  tensor<"Y", int, 3> Y;
  check_operator(
      make_case("batched u8i8", op<"batched">(A, B, Y)(Y(n, i, j) = sum(k)(cast<int>(A(n, k, i)) *
                                                                           cast<int>(B(n, k, j))))),
      {.points = 6, .search = true});
}

TEST_CASE("operators: gemv") {
  check_operator(make_case("gemv 67x131", ops::gemv(67, 131), {"A"}),
                 {.points = 6, .search = true});
  check_operator(make_case("gemv 1x257", ops::gemv(1, 257)));
  check_operator(make_case("gemv 127x1", ops::gemv(127, 1), {"A"}));
  check_operator(make_case("gemv f64", ops::gemv<double>(31, 37)));
}

TEST_CASE("operators: bilinear") {
  check_operator(make_case("bilinear 7x5x19x23", ops::bilinear(7, 5, 19, 23), {"W"}),
                 {.points = 6, .search = true});
  check_operator(make_case("bilinear 5x6x7x131", ops::bilinear(5, 6, 7, 131), {"W"}),
                 {.points = 4, .search = true});  // its estimate takes A out of the inner sum
  check_operator(make_case("bilinear 1x1x3x5", ops::bilinear(1, 1, 3, 5)));
}

TEST_CASE("operators: mttkrp") {
  check_operator(make_case("mttkrp 11x13x17x19", ops::mttkrp(11, 13, 17, 19), {"A"}),
                 {.points = 6, .search = true});
  check_operator(make_case("mttkrp 1x3x1x37", ops::mttkrp(1, 3, 1, 37)));
}

TEST_CASE("operators: block_circulant_project") {
  check_operator(make_case("project 22x37 by 5", ops::block_circulant_project(22, 37, 5)),
                 {.points = 6, .search = true});
  check_operator(make_case("project 7x7 by 7", ops::block_circulant_project(7, 7, 7)));
  check_operator(make_case("project 6x5 by 1", ops::block_circulant_project(6, 5, 1)));
}

TEST_CASE("operators: block_circulant_matmul") {
  check_operator(
      make_case("circulant 13x35x21 by 7", ops::block_circulant_matmul(13, 35, 21, 7), {"w"}),
      {.points = 6, .search = true});
  check_operator(
      make_case("circulant 5x64x32 by 16", ops::block_circulant_matmul(5, 64, 32, 16), {"w"}));
}

TEST_CASE("operators: pooling") {
  check_operator(make_case("max_pool2d", ops::max_pool2d(1, 5, 17, 23, 3, 2, 1)),
                 {.points = 6, .search = true});
  check_operator(make_case("max_pool2d 1x1", ops::max_pool2d(1, 3, 7, 7, 1, 1)));
  check_operator(make_case("max_pool2d i32", ops::max_pool2d<int>(2, 3, 11, 13, 2, 2)));
  check_operator(make_case("avg_pool2d", ops::avg_pool2d(1, 5, 17, 23, 3, 2, 1)),
                 {.points = 6, .search = true});
  check_operator(make_case("avg_pool2d whole", ops::avg_pool2d(1, 19, 7, 7, 7, 7)));
}

TEST_CASE("operators: shift") {
  check_operator(make_case("shift", ops::shift(1, 13, 11, 19, 3)), {.points = 6, .search = true});
  check_operator(make_case("shift strided", ops::shift(2, 9, 7, 5, 5, 2, 2)));
}

TEST_CASE("operators: shift_conv") {
  check_operator(make_case("shift_conv", ops::shift_conv(1, 7, 11, 13, 17, 3), {"W"}),
                 {.points = 6, .search = true});
  check_operator(
      make_case("shift_conv dilated", ops::shift_conv(1, 5, 7, 3, 37, 3, 2), {"W", "S"}));
}

TEST_CASE("operators: softmax") {
  check_operator(make_case("softmax 7x37", ops::softmax(7, 37)), {.points = 6, .search = true});
  check_operator(make_case("softmax 1x131", ops::softmax(1, 131)));
  check_operator(make_case("softmax 5x1", ops::softmax(5, 1)));
  check_operator(make_case("softmax f64", ops::softmax<double>(3, 19)));
}

TEST_CASE("operators: jacobi3d") {
  check_operator(make_case("jacobi3d", ops::jacobi3d(7, 11, 19)), {.points = 6, .search = true});
  check_operator(make_case("jacobi3d f32", ops::jacobi3d<float>(5, 3, 37)));
  check_operator(make_case("jacobi3d without inside", ops::jacobi3d(2, 1, 3)));
}

namespace {

/// Images whose channels lie together, from images whose pixels do, scaled.
template <class Element>
constexpr auto channels_last(int channels, int height, int width) {
  axis<"y"> y{height};
  axis<"x"> x{width};
  axis<"c"> c{channels};
  tensor<"A", Element, 3> A;
  tensor<"s", Element, 1> s;
  tensor<"B", Element, 3> B;
  return op<"channels_last">(A, s, B)(B(y, x, c) = A(c, y, x) * s(c));
}

/// C = A times the transpose of B.
template <class Element>
constexpr auto gemm_nt(int rows, int columns, int depth) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"k"> k{depth};
  tensor<"A", Element, 2> A;
  tensor<"B", Element, 2> B;
  tensor<"C", Element, 2> C;
  return op<"gemm_nt">(A, B, C)(C(i, j) = sum(k)(A(i, k) * B(j, k)));
}

}  // namespace

TEST_CASE("operators: transpositions of one's own") {
  check_operator(make_case("channels last", channels_last<float>(67, 5, 7)),
                 {.points = 4, .search = true});
  check_operator(make_case("channels last, few", channels_last<float>(3, 13, 37)));
  check_operator(make_case("channels last, f64", channels_last<double>(33, 6, 5)));
  check_operator(make_case("channels last, i8", channels_last<std::int8_t>(131, 3, 23)));
  check_operator(make_case("channels last, i32", channels_last<int>(300, 11, 3)));
  check_operator(make_case("gemm_nt", gemm_nt<float>(37, 61, 53), {"B"}),
                 {.points = 6, .search = true});
  check_operator(make_case("gemm_nt f64", gemm_nt<double>(13, 41, 29), {"B"}));
  check_operator(make_case("gemm_nt i8", gemm_nt<std::int8_t>(9, 67, 35), {"A"}));
}

TEST_CASE("operators: schedules by hand") {
  check_operator(
      make_case("gemm", ops::gemm(121, 83, 70), {}),
      {.points = 0,
       .traces = {"split(C.i -> i0:_, i1:6, i2:10); split(C.j -> j0:_, j1:2, j2:2, j3:16); "
                  "split(C.k -> k0:_, k1:32); reorder(C: j0 k0 i0 j1 i1 k1 i2 j2 j3); "
                  "unroll(C.i2); unroll(C.j2); vectorize(C.j3); cache_write(C at C.k0, register); "
                  "parallel(C.j0); cache_read(B -> Bp at C.k0, [j/32 k j%32])"}});
  check_operator(make_case("gemv", ops::gemv(19, 101)),
                 {.points = 0,
                  .traces = {"split(y.k -> k0:_, k1:8); rfactor(y.k1); reorder(y_rf: i k0 k1); "
                             "vectorize(y_rf.k1); cache_write(y_rf, register)"}});
  check_operator(make_case("softmax", ops::softmax(5, 37)),
                 {.points = 0,
                  .traces = {"inline(E); split(Y.j -> j0:_, j1:8); vectorize(Y.j1)",
                             "split(E.j -> j0:_, j1:8); vectorize(E.j1); parallel(E.i)"}});
  check_operator(make_case("jacobi3d", ops::jacobi3d(5, 7, 21)),
                 {.points = 0,
                  .traces = {"split(V.x -> x0:_, x1:8); vectorize(V.x1); fuse(V.z, V.y -> zy); "
                             "parallel(V.zy)"}});
}
