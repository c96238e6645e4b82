// Fingerprints are literal constants here: every compiler must compute the same bits, and a change
// of these numbers is a change of fingerprint_version, because stored records would not be found.
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>

namespace {

using namespace lathe;
using namespace lathe::ops;

template <class Operation>
constexpr bool has_fingerprints(const Operation& operation, fingerprint128 full,
                                fingerprint128 structure) {
  const auto desc = describe(operation);
  return desc.fingerprint() == full && desc.fingerprint(without_extents) == structure &&
         Operation::structure_fingerprint() == structure;
}

static_assert(fingerprint_version == 1);
static_assert(has_fingerprints(gemm(1024, 1024, 1024), {0x01be65e5d61af470U, 0x13c3211c37f6ed84U},
                               {0x3be307296d31dac8U, 0x9670662121d8e4f2U}));
static_assert(has_fingerprints(conv2d(1, 64, 56, 56, 128, 3, 1, 1),
                               {0x8ae31984098a0d2eU, 0xee7438940edc85fdU},
                               {0xabc6288bd9ef73deU, 0xcd6d5f9d0f1e117dU}));
static_assert(has_fingerprints(shift(1, 28, 28, 64, 3), {0x123be0e86947843eU, 0x0e7af691749097c5U},
                               {0xf38c083841690ca9U, 0x7f7e0b26b3380aecU}));
static_assert(has_fingerprints(softmax(64, 128), {0x0571cfb04d096bb7U, 0xee80e62248964d0bU},
                               {0xd672ccabee91c8f2U, 0x2e24c6778381bac3U}));
static_assert(has_fingerprints(block_circulant_matmul(64, 64, 64, 8),
                               {0x70224ac28fd67b0bU, 0xabd69cf125d2f49fU},
                               {0x0eda80537146df8fU, 0x27310d99bed01d0fU}));

template <class Left, class Right>
constexpr bool same(const Left& left, const Right& right) {
  return describe(left).fingerprint() == describe(right).fingerprint();
}

// Names do not count.
constexpr auto renamed_gemm(int rows, int columns, int depth) {
  axis<"row"> row{rows};
  axis<"column"> column{columns};
  axis<"depth"> inner{depth};
  tensor<"left", float, 2> left;
  tensor<"right", float, 2> right;
  tensor<"result", float, 2> result;
  return op<"product">(left, right, result)(
      result(row, column) = sum(inner)(left(row, inner) * right(inner, column)));
}
static_assert(same(gemm(8, 9, 10), renamed_gemm(8, 9, 10)));

// Static and run-time extents do not differ, once the numbers are known.
constexpr auto static_gemm() {
  axis<"i", 8> i;
  axis<"j", 9> j;
  axis<"k", 10> k;
  tensor<"A", float[8][10]> A;
  tensor<"B", float[10][9]> B;
  tensor<"C", float[8][9]> C;
  return op<"gemm">(A, B, C)(C(i, j) = sum(k)(A(i, k) * B(k, j)));
}
static_assert(same(gemm(8, 9, 10), static_gemm()));

// Extents, element types, literals, operand order, parameter order and reducers count.
static_assert(!same(gemm(8, 9, 10), gemm(8, 10, 9)));
static_assert(gemm(8, 9, 10).structure_fingerprint() == gemm(1, 2, 3).structure_fingerprint());

template <class Element>
constexpr auto scaled(double factor) {
  axis<"i"> i{5};
  tensor<"X", Element, 1> X;
  tensor<"Y", Element, 1> Y;
  return op<"scaled">(X, Y)(Y(i) = factor * X(i));
}
static_assert(same(scaled<float>(2), scaled<float>(2)));
static_assert(!same(scaled<float>(2), scaled<float>(3)));
static_assert(!same(scaled<float>(2), scaled<double>(2)));

constexpr auto difference() {
  axis<"i"> i{5};
  tensor<"X", float, 1> X;
  tensor<"Z", float, 1> Z;
  tensor<"Y", float, 1> Y;
  return op<"difference">(X, Z, Y)(Y(i) = X(i) - Z(i));
}
constexpr auto swapped_operands() {
  axis<"i"> i{5};
  tensor<"X", float, 1> X;
  tensor<"Z", float, 1> Z;
  tensor<"Y", float, 1> Y;
  return op<"difference">(X, Z, Y)(Y(i) = Z(i) - X(i));
}
constexpr auto swapped_parameters() {
  axis<"i"> i{5};
  tensor<"X", float, 1> X;
  tensor<"Z", float, 1> Z;
  tensor<"Y", float, 1> Y;
  return op<"difference">(Z, X, Y)(Y(i) = X(i) - Z(i));
}
static_assert(!same(difference(), swapped_operands()));
static_assert(!same(difference(), swapped_parameters()));

constexpr auto row_reduction(auto reducer) {
  axis<"i"> i{5};
  axis<"k"> k{5};
  tensor<"X", float, 2> X;
  tensor<"Y", float, 1> Y;
  return op<"row_reduction">(X, Y)(Y(i) = reducer(k)(X(i, k)));
}
constexpr auto by_sum = row_reduction([](auto k) { return sum(k); });
constexpr auto by_max = row_reduction([](auto k) { return max(k); });
static_assert(!same(by_sum, by_max));

// Names of external functions are part of the computation.
template <fixed_string Name>
constexpr auto calling() {
  axis<"i"> i{5};
  tensor<"X", float, 1> X;
  tensor<"Y", float, 1> Y;
  return op<"calling">(X, Y)(Y(i) = call<Name, float>(X(i)));
}
static_assert(!same(calling<"erff">(), calling<"erfcf">()));

}  // namespace
