// FlexTensor (ASPLOS 2020), Table 3: the loops that the analysis finds in each operator.
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/transposed_convolution.hpp>

namespace {

using namespace lathe;
using namespace lathe::ops;

// Loops summed over the stages, found from the value and from the type alone.
template <class Operation>
constexpr bool has_loops(const Operation& operation, int spatial, int reduce, int stages) {
  const auto desc = describe(operation);
  return desc.valid() && desc.spatial_loops() == spatial && desc.reduce_loops() == reduce &&
         desc.stages() == stages && Operation::spatial_loops() == spatial &&
         Operation::reduce_loops() == reduce && Operation::stages() == stages;
}

template <class Operation>
constexpr bool main_stage_has(const Operation& operation, int spatial, int reduce) {
  const auto desc = describe(operation);
  const int main = desc.main_stage();
  return desc.spatial_loops(main) == spatial && desc.reduce_loops(main) == reduce &&
         Operation::spatial_loops(main) == spatial && Operation::reduce_loops(main) == reduce;
}

static_assert(has_loops(gemv(1024, 1024), 1, 1, 1));                                  // GMV
static_assert(has_loops(gemm(1024, 1024, 1024), 2, 1, 1));                            // GMM
static_assert(has_loops(bilinear(512, 512, 64, 64), 2, 2, 1));                        // BIL
static_assert(has_loops(conv1d(1, 64, 256, 128, 3, 2, 1), 6, 2, 2));                  // C1D
static_assert(has_loops(conv_transpose1d(1, 64, 256, 128, 3, 2, 1), 9, 2, 3));        // T1D
static_assert(has_loops(conv2d(1, 64, 56, 56, 128, 3, 1, 1), 8, 3, 2));               // C2D
static_assert(has_loops(conv_transpose2d(1, 64, 14, 14, 32, 4, 2, 1), 12, 3, 3));     // T2D
static_assert(has_loops(conv3d(1, 16, 8, 28, 28, 32, 3, 1, 1), 10, 4, 2));            // C3D
static_assert(has_loops(conv_transpose3d(1, 16, 4, 14, 14, 32, 4, 2, 1), 15, 4, 3));  // T3D

// GRP, DEP and DIL: the paper prints 4/3 with 2 nodes. The rule that gives all its other rows, the
// sum over both nodes (padding 4/0, convolution 4/3), gives 8/3 for GRP and DIL: the paper counted
// their main node alone. Depthwise convolution has no reduction over channels, in the paper's own
// formula and in its published code: 4/2, and 8/2 with the padding. 4/3 holds only for depthwise
// written as a group convolution with one channel per group, whose channel loop has extent 1.
static_assert(has_loops(group_conv2d(1, 64, 28, 28, 64, 4, 3, 1, 1), 8, 3, 2));  // GRP
static_assert(main_stage_has(group_conv2d(1, 64, 28, 28, 64, 4, 3, 1, 1), 4, 3));
static_assert(has_loops(depthwise_conv2d(1, 64, 28, 28, 1, 3, 1, 1), 8, 2, 2));  // DEP
static_assert(main_stage_has(depthwise_conv2d(1, 64, 28, 28, 1, 3, 1, 1), 4, 2));
static_assert(has_loops(conv2d(1, 64, 28, 28, 64, 3, 1, 2, 2), 8, 3, 2));  // DIL
static_assert(main_stage_has(conv2d(1, 64, 28, 28, 64, 3, 1, 2, 2), 4, 3));

// Operators beyond the table.
static_assert(has_loops(block_circulant_matmul(64, 64, 64, 8), 2, 1, 1));
static_assert(has_loops(shift(1, 28, 28, 64, 3), 8, 0, 2));
static_assert(has_loops(softmax(64, 128), 6, 2, 4));

}  // namespace
