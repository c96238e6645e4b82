// Everything a static_assert can ask of a description.
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/transposed_convolution.hpp>

namespace {

using namespace lathe;
using namespace lathe::ops;

// ------------------------------------------------------------------ gemm
constexpr auto matmul = describe(gemm(32, 48, 64));
static_assert(matmul.valid());
static_assert(matmul.axis_name(0, 0) == "i" && matmul.axis_name(0, 1) == "j" &&
              matmul.axis_name(0, 2) == "k");
static_assert(matmul.extent(0, 0) == 32 && matmul.extent(0, "j") == 48 &&
              matmul.extent(0, "k") == 64);
static_assert(matmul.extent(0, "z") == unknown_extent);
static_assert(matmul.trip_count(0) == 32.0 * 48 * 64);
static_assert(matmul.inputs() == 2 && matmul.outputs() == 1);
static_assert(matmul.input_name(0) == "A" && matmul.input_name(1) == "B");
static_assert(matmul.output_name(0) == "C" && matmul.output_name(1) == "");
static_assert(matmul.shape("A", 0) == 32 && matmul.shape("A", 1) == 64);  // inferred
static_assert(matmul.shape("C", 0) == 32 && matmul.shape("C", 1) == 48);
static_assert(matmul.flops() == 2.0 * 32 * 48 * 64);
static_assert(matmul.bytes() == 4.0 * (32 * 64 + 64 * 48 + 32 * 48));
static_assert(matmul.arithmetic_intensity() == matmul.flops() / matmul.bytes());
static_assert(matmul.in_bounds());
static_assert(matmul.consumers(0) == 0 && matmul.producers(0) == 0);

// The arrays have exactly the size of the operator, one spare entry aside.
static_assert(sizeof(matmul.tensor_table) / sizeof(desc_tensor) == 3 + 1);

constexpr bool is_row(const access_matrix& matrix, int row, std::int64_t offset, std::int64_t first,
                      std::int64_t second, std::int64_t third) {
  return matrix.kind[row] == index_kind::affine && matrix.offset[row] == offset &&
         matrix.coef[row][0] == first && matrix.coef[row][1] == second &&
         matrix.coef[row][2] == third;
}
constexpr access_matrix matrix_a = matmul.access_matrix(matmul.read(0, "A"));
static_assert(matrix_a.affine && matrix_a.rank == 2 && matrix_a.axes == 3);
static_assert(is_row(matrix_a, 0, 0, 1, 0, 0) && is_row(matrix_a, 1, 0, 0, 0, 1));
constexpr access_matrix matrix_b = matmul.access_matrix(matmul.read(0, "B"));
static_assert(is_row(matrix_b, 0, 0, 0, 0, 1) && is_row(matrix_b, 1, 0, 0, 1, 0));
static_assert(matmul.read(0, "A", 1) == -1);

// ------------------------------------------------------------------ conv2d: stride 2, dilation 3
constexpr auto conv = describe(conv2d(2, 8, 20, 24, 16, 3, 2, 1, 3));
constexpr int pad_stage = conv.stage("P");
constexpr int main_stage = conv.stage("Y");
static_assert(pad_stage == 0 && main_stage == 1 && conv.main_stage() == 1 && conv.stage("X") == -1);
static_assert(conv.consumers(pad_stage) == 1 && conv.consumer(pad_stage, 0) == main_stage);
static_assert(conv.producers(main_stage) == 1 && conv.producer(main_stage, 0) == pad_stage);
static_assert(conv.producers(pad_stage) == 0 && conv.consumer(main_stage, 0) == -1);
static_assert(conv.inputs() == 2 && conv.outputs() == 1 && conv.tensor_count == 4);
static_assert(conv.extent(main_stage, "y") == (20 + 2 - 7) / 2 + 1);
static_assert(conv.flops(pad_stage) == 0);  // select, comparisons and indices are free
static_assert(conv.flops() == 2.0 * conv.trip_count(main_stage));
static_assert(conv.in_bounds());  // the pad's condition proves its guarded read

// P(n, rc, y * 2 + ry * 3, x * 2 + rx * 3): axes n f y x, then rc ry rx
constexpr access_matrix matrix_p = conv.access_matrix(conv.read(main_stage, "P"));
static_assert(matrix_p.affine && matrix_p.rank == 4 && matrix_p.axes == 7);
static_assert(matrix_p.coef[0][0] == 1 && matrix_p.coef[1][4] == 1);
static_assert(matrix_p.coef[2][2] == 2 && matrix_p.coef[2][5] == 3 && matrix_p.coef[2][3] == 0);
static_assert(matrix_p.coef[3][3] == 2 && matrix_p.coef[3][6] == 3);
// X(n, c, yp - 1, xp - 1)
constexpr access_matrix matrix_x = conv.access_matrix(conv.read(pad_stage, "X"));
static_assert(matrix_x.affine && matrix_x.offset[2] == -1 && matrix_x.coef[2][2] == 1);

// ------------------------------------------------------------------ quasi-affine and indirect
constexpr auto circulant = describe(block_circulant_matmul(8, 12, 16, 4));
constexpr access_matrix matrix_w = circulant.access_matrix(circulant.read(0, "w"));
static_assert(!matrix_w.affine && matrix_w.kind[0] == index_kind::quasi_affine);
static_assert(circulant.in_bounds() && circulant.shape("w", 0) == 4 &&
              circulant.shape("w", 2) == 4);

constexpr auto shifted = describe(shift(1, 8, 8, 4, 3));
constexpr access_matrix matrix_s = shifted.access_matrix(shifted.read(1, "P"));
static_assert(matrix_s.kind[0] == index_kind::affine && matrix_s.kind[1] == index_kind::indirect);
static_assert(shifted.access_bounds() == bounds::unknown);  // depends on the values in S
static_assert(shifted.flops() == 0);

constexpr auto transposed = describe(conv_transpose2d(1, 4, 5, 6, 2, 4, 2, 1));
static_assert(transposed.in_bounds());  // / and % under a condition

// ------------------------------------------------------------------ graph with a diamond: softmax
constexpr auto soft = describe(softmax(4, 10));
static_assert(soft.stages() == 4);
static_assert(soft.consumers(soft.stage("E")) == 2);
static_assert(soft.consumer(soft.stage("E"), 0) == soft.stage("s"));
static_assert(soft.consumer(soft.stage("E"), 1) == soft.stage("Y"));
static_assert(soft.producers(soft.stage("Y")) == 2);
static_assert(soft.flops(soft.stage("m")) == 40 && soft.flops(soft.stage("E")) == 80);
static_assert(soft.flops(soft.stage("s")) == 40 && soft.flops(soft.stage("Y")) == 40);
static_assert(soft.bytes() == 4.0 * 2 * 40);  // intermediates do not count

// ------------------------------------------------------------------ bounds
constexpr auto stencil(int size, int first) {
  axis<"i"> i{size};
  tensor<"X", float, 1> X{size};
  tensor<"Y", float, 1> Y;
  return op<"stencil">(X, Y)(Y(i) = select(i >= first && i != size - 1, X(i - 1), 0));
}
static_assert(describe(stencil(8, 1)).in_bounds());
static_assert(describe(stencil(8, 0)).access_bounds() == bounds::unknown);

// Both branches know the condition: the second, that it does not hold.
constexpr auto border(int size, int last) {
  axis<"i"> i{size};
  tensor<"X", float, 1> X{size};
  tensor<"Y", float, 1> Y;
  return op<"border">(X, Y)(Y(i) = select(i < 1 || !(i < last), X(i), X(i - 1) + X(i + 1)));
}
static_assert(describe(border(8, 7)).in_bounds());
static_assert(describe(border(8, 8)).access_bounds() == bounds::unknown);

constexpr auto reversed(int size, int first) {
  axis<"i"> i{size};
  tensor<"X", float, 1> X{size};
  tensor<"Y", float, 1> Y;
  return op<"reversed">(X, Y)(Y(i) = select(first <= i, X(size - i), X(i)));
}
static_assert(describe(reversed(8, 1)).in_bounds());
static_assert(describe(reversed(8, 0)).access_bounds() == bounds::unknown);

constexpr auto reader(int size, int shape, int offset) {
  axis<"i"> i{size};
  tensor<"X", float, 1> X{shape};
  tensor<"Y", float, 1> Y;
  return op<"reader">(X, Y)(Y(i) = X(i + offset));
}
static_assert(describe(reader(8, 9, 1)).in_bounds());
static_assert(describe(reader(8, 8, 1)).access_bounds() == bounds::violated);
static_assert(describe(reader(8, 8, -1)).access_bounds() == bounds::violated);

// ------------------------------------------------------------------ rules about numbers
constexpr diagnosis problem_of(const auto& operation) { return describe(operation).problem; }
static_assert(problem_of(gemm(0, 4, 4)).code == diagnostic::illegal_extent);
static_assert(same_text(problem_of(gemm(4, 4, -1)).subject, "k"));
static_assert(problem_of(gemm(4, 4, -1)).found == -1);
static_assert(problem_of(reader(8, 8, 1)).code == diagnostic::out_of_bounds);
static_assert(problem_of(reader(8, 8, 1)).found == 8 && problem_of(reader(8, 8, 1)).limit == 8);
static_assert(problem_of(reader(8, -8, 1)).code == diagnostic::illegal_extent);
static_assert(problem_of(block_circulant_matmul(8, 8, 8, 0)).code == diagnostic::divisor_below_one);

// ------------------------------------------------------------------ what the type alone says
// `mm` is no constant expression: its structure still is.
[[maybe_unused]] auto mm = gemm(7, 8, 9);
static_assert(decltype(mm)::reduce_loops() == 1 && decltype(mm)::spatial_loops() == 2);
static_assert(decltype(mm)::inputs() == 2 && decltype(mm)::outputs() == 1);
static_assert(std::is_same_v<decltype(mm), decltype(gemm(1, 2, 3))>);  // one type for all sizes

}  // namespace
