#include "cuda/corpus/operators.hpp"

#include <lathe/analysis/describe.hpp>
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/pooling.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/stencil.hpp>
#include <lathe/ops/transposed_convolution.hpp>
#include <lathe/space/gpu_space.hpp>

#include <cstring>
#include <utility>

namespace test {

using namespace lathe;
using namespace lathe::property;

namespace {

/// @param ulps    how far results may be off
/// @param places  inputs of integers hold numbers below it
template <class Operation>
corpus_operator make(std::string name, const Operation& source, double ulps = 0, int places = 0) {
  corpus_operator out{std::move(name), copy_of(describe(source).view())};
  for (double& each : out.source.tolerance) each = ulps;
  for (std::size_t at = 0; at < out.source.tensors.size(); ++at)
    if (out.source.tensors[at].type == dtype::i32) out.source.index_bound[at] = places;
  return out;
}

template <class Element>
void fill(lathe::sequence<std::byte>& data, random_engine& numbers) {
  for (std::size_t at = 0; at < data.size(); at += sizeof(Element)) {
    const int size = 1 + static_cast<int>(numbers.below(2));
    const auto value = static_cast<Element>(numbers.chance(0.5) ? size : -size);
    std::memcpy(data.data() + at, &value, sizeof value);
  }
}

/// Replaces numbers of the inputs by small integers other than 0.
void fill(random_pair& pair) {
  random_engine numbers(pair.seed, 5);
  for (int at = 0; at < pair.source.param_count; ++at) {
    const auto index = static_cast<std::size_t>(at);
    if (pair.source.tensors[index].producer >= 0) continue;
    if (pair.source.tensors[index].type == dtype::f32) fill<float>(pair.data[index], numbers);
    if (pair.source.tensors[index].type == dtype::f64) fill<double>(pair.data[index], numbers);
    if (pair.source.tensors[index].type == dtype::f16) fill<f16>(pair.data[index], numbers);
    if (pair.source.tensors[index].type == dtype::bf16) fill<bf16>(pair.data[index], numbers);
  }
  evaluate(pair.source, pair.data);
}

}  // namespace

std::vector<corpus_operator> corpus_operators() {
  constexpr double rounded = 16;  ///< ulps of what divides or calls exp
  return {make("gemv", ops::gemv(22, 70)),
          make("gemm", ops::gemm(34, 50, 22)),
          make("gemm of f16", ops::gemm<f16, f16, float>(34, 50, 40)),
          make("conv2d of bf16", ops::conv2d<bf16, bf16, float>(1, 16, 6, 10, 18, 3, 1, 1)),
          make("bilinear", ops::bilinear(3, 6, 10, 14)),
          make("mttkrp", ops::mttkrp(6, 5, 7, 18)),
          make("conv1d", ops::conv1d(2, 3, 18, 6, 3, 1, 1)),
          make("conv2d", ops::conv2d(1, 5, 10, 14, 6, 3, 1, 1)),
          make("conv3d", ops::conv3d(1, 2, 4, 5, 6, 3, 2, 1, 1)),
          make("conv_transpose1d", ops::conv_transpose1d(1, 3, 10, 5, 3, 2, 1)),
          make("conv_transpose2d", ops::conv_transpose2d(1, 3, 5, 6, 4, 3, 2, 1)),
          make("conv_transpose3d", ops::conv_transpose3d(1, 2, 3, 3, 4, 2, 2, 2)),
          make("group_conv2d", ops::group_conv2d(1, 6, 7, 10, 6, 3, 3, 1, 1)),
          make("depthwise_conv2d", ops::depthwise_conv2d(1, 6, 9, 10, 1, 3, 2, 1)),
          make("dilated_conv2d", ops::dilated_conv2d(1, 3, 11, 10, 5, 3, 1, 2)),
          make("block_circulant_matmul", ops::block_circulant_matmul(6, 20, 10, 5)),
          make("block_circulant_project", ops::block_circulant_project(22, 18, 4), rounded),
          make("shift", ops::shift(1, 8, 10, 18, 3), 0, 9),
          make("shift_conv", ops::shift_conv(1, 8, 10, 18, 6, 3), 0, 9),
          make("max_pool2d", ops::max_pool2d(1, 3, 11, 10, 3, 2, 1)),
          make("avg_pool2d", ops::avg_pool2d(1, 3, 10, 14, 2, 2)),
          make("jacobi3d", ops::jacobi3d(6, 7, 10)),
          make("softmax", ops::softmax(7, 50), rounded)};
}

random_pair corpus_pair(const corpus_operator& of, trace steps) {
  random_pair out = make_pair(of.source, 1);
  fill(out);
  out.schedule = {};
  out.schedule.steps = std::move(steps);
  return out;
}

std::vector<random_pair> corpus_pairs(const corpus_operator& of, int points, std::uint64_t seed) {
  const gpu::device on = gpu::known_device("H200").value();
  // Sums of small integers are the same in any order.
  const gpu_space space(make_program(of.source.view()), on, tensor_use::halves);
  std::vector<random_pair> out{corpus_pair(of, space.to_trace(space.estimates.front()))};
  random_engine random(seed, 4);
  for (int tried = 0; static_cast<int>(out.size()) <= points && tried < 100 * points; ++tried) {
    point at;
    for (const site& each : space.sites)
      at.choices.push_back(
          static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(each.choices))));
    if (space.why_rejected(at)) continue;
    out.push_back(out.front());
    out.back().seed = seed + out.size();
    out.back().schedule.steps = space.to_trace(at);
  }
  return out;
}

}  // namespace test
