// The GPU's space: every point is a schedule that computes the operator, and the analytic one keeps
// within the device.
#include <lathe/analysis/describe.hpp>
#include <lathe/core/random.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/interpret.hpp>
#include <lathe/lower/verify.hpp>
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/pooling.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/transposed_convolution.hpp>
#include <lathe/space/gpu_space.hpp>
#include <lathe/target/cuda/emit_cuda.hpp>

#include "columns.hpp"
#include <doctest/doctest.h>
#include <vector>

using namespace lathe;

namespace {

/// Small whole numbers for every parameter, so that sums are exact.
std::vector<std::vector<std::byte>> whole_numbers(const ir::nest& nest) {
  std::vector<std::vector<std::byte>> out;
  random_engine random(7);
  for (const ir::buffer& each : nest.buffers) {
    if (each.where != ir::scope::param) continue;
    out.emplace_back();
    if (each.output) continue;
    wide_buffer numbers{each.name, each.type, {}, {}, {}};
    for (std::int64_t at = 0; at < each.elements; ++at)
      numbers.value.push_back(1 + random.below(5));
    const auto bytes = to_elements(numbers);
    out.back().assign(bytes.begin(), bytes.end());
  }
  return out;
}

std::vector<double> results(const ir::nest& nest) {
  const auto given = whole_numbers(nest);
  const std::vector<std::span<const std::byte>> inputs(given.begin(), given.end());
  const interpretation made = interpret(nest, inputs);
  REQUIRE_MESSAGE(made.ok(), made.error);
  std::vector<double> out;
  for (const wide_buffer& each : made.outputs)
    out.insert(out.end(), each.value.begin(), each.value.end());
  return out;
}

/// Checks one point: the schedule is legal, computes what it should and can be written as CUDA.
void check(const desc_view& desc, const gpu_space& space, const point& at,
           const std::vector<double>& expected) {
  const trace steps = space.to_trace(at);
  INFO(to_text(steps));
  result<program> scheduled = apply(make_program(desc), steps);
  REQUIRE_MESSAGE(scheduled, scheduled.error().what());
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE_MESSAGE(nest, nest.error().what());
  CHECK(verify(*nest) == "");
  CHECK(results(*nest) == expected);
  const result<cuda_source> source = emit_cuda(*nest);
  REQUIRE_MESSAGE(source, source.error().what());
  CHECK(!source->launches.empty());
}

/// The estimate and some random points of few threads: the interpreter does the work of all of them
/// one after the other.
void check_space(const desc_view& desc, int points, tensor_use tensor = tensor_use::none) {
  const program base = make_program(desc);
  const result<gpu::device> on = gpu::known_device("H100");
  const gpu_space space(base, *on, tensor);
  const std::vector<double> expected = results(*build(base));
  CHECK(!space.why_rejected(space.estimates.front()));
  check(desc, space, space.estimates.front(), expected);
  random_engine random(11);
  for (int done = 0; done < points;) {
    point at;
    for (const site& each : space.sites)
      at.choices.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(
          each.name.starts_with("threads") ? smaller(each.choices, 3) : each.choices))));
    if (space.why_rejected(at)) continue;
    check(desc, space, at, expected);
    ++done;
  }
}

}  // namespace

TEST_CASE("gpu space: matrix products and sums") {
  check_space(describe(ops::gemm(13, 18, 11)), 25);
  check_space(describe(ops::gemv(9, 70)), 25);
  check_space(describe(ops::bilinear(3, 4, 5, 6)), 15);
  check_space(describe(ops::mttkrp(4, 3, 5, 6)), 15);
}

TEST_CASE("gpu space: convolutions") {
  check_space(describe(ops::conv1d(1, 3, 12, 4, 3, 1, 1)), 15);
  check_space(describe(ops::conv2d(1, 3, 7, 6, 5, 3, 1, 1)), 15);
  check_space(describe(ops::conv2d(2, 3, 7, 6, 4, 1, 2)), 10);
  check_space(describe(ops::conv_transpose2d(1, 2, 3, 4, 3, 3, 2, 1)), 10);
}

TEST_CASE("gpu space: stages that read each other") {
  check_space(describe(::test::columns(7, 6)), 25);
  check_space(describe(ops::max_pool2d(1, 2, 6, 6, 2, 2)), 10);
}

TEST_CASE("gpu space: matrix instructions") {
  check_space(describe(ops::gemm(20, 18, 11)), 10, tensor_use::tf32);
  check_space(describe(ops::conv2d(1, 9, 5, 6, 18, 3, 1, 1)), 5, tensor_use::tf32);
  check_space(describe(ops::gemm<f16, f16, float>(20, 18, 19)), 5, tensor_use::halves);
  const program halves = make_program(describe(ops::gemm<f16, f16, float>(64, 64, 64)));
  CHECK(tensor_axes_of(halves, halves.stages[0]).depth == 16);
  const program unlike = make_program(describe(ops::gemm<f16, bf16, float>(64, 64, 64)));
  CHECK(!tensor_axes_of(unlike, unlike.stages[0]).found());
  const program product = make_program(describe(ops::gemm(64, 64, 64)));
  const tensor_axes axes = tensor_axes_of(product, product.stages[0]);
  CHECK(axes.rows == 0);
  CHECK(axes.columns == 1);
  CHECK(axes.terms == 2);
  CHECK(axes.depth == 8);
  const program vector = make_program(describe(ops::gemv(64, 64)));
  CHECK(!tensor_axes_of(vector, vector.stages[0]).found());  // no columns
}

TEST_CASE("gpu space: the estimate of a large product is a tile of many rows per thread") {
  const program base = make_program(describe(ops::gemm(4096, 4096, 4096)));
  const program_stage& stage = base.stages[0];
  const result<gpu::device> on = gpu::known_device("H200");
  const gpu_tile tile = estimate_gpu_tile(base, stage, *on);
  CHECK(tile.accumulators() >= 32);
  CHECK(tile.threads_of_block() >= 64);
  CHECK(tile.staged == sequence<char>{1, 1});
  const gpu_cost cost = cost_of(base, stage, loads_of(base, stage), tile, *on);
  CHECK(cost.resident >= 1);
  const double operations = 2.0 * 4096 * 4096 * 4096;
  CHECK(operations / cost.seconds <= on->peak_f32());
  CHECK(operations / cost.seconds >= 0.5 * on->peak_f32());
}

TEST_CASE("gpu space: elements that a block reads") {
  load_use window;  // X[y + ry][x + rx] of rows of 10
  window.stride = {10, 1, 10, 1};
  window.irregular = {0, 0, 0, 0};
  CHECK(elements_in(window, {4, 5, 3, 3}) == 6 * 7);
  CHECK(elements_in(window, {4, 5, 1, 1}) == 4 * 5);
  CHECK(elements_in(window, {1, 1, 1, 1}) == 1);
}
