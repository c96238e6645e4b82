#include "cuda/corpus/gpu_pairs.hpp"

#include <lathe/analysis/describe.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>

#include <algorithm>

namespace test {

using namespace lathe;
using namespace lathe::property;

random_pair gpu_pair(std::uint64_t seed) {
  random_engine shapes(seed, 9);
  const auto between = [&](int low, int high) {
    return low + static_cast<int>(shapes.below(static_cast<std::uint32_t>(high - low + 1)));
  };
  const auto with = [seed](const auto& source) {
    return make_gpu_pair(copy_of(describe(source).view()), seed);
  };
  switch (seed % 4) {
    case 0: return with(ops::gemm(between(1, 40), between(1, 40), between(1, 40)));
    case 1: return with(ops::gemm<f16, f16, float>(between(1, 40), between(1, 40), between(1, 40)));
    case 2:
      return with(ops::conv2d(between(1, 2), between(1, 5), between(3, 9), between(3, 9),
                              between(1, 9), between(1, 3), between(1, 2), between(0, 1)));
    default: return make_gpu_pair(make_operator(shapes), seed);
  }
}

void gpu_coverage::add(const gpu_verdict& of) {
  ++pairs;
  refused += of.outcome == gpu_outcome::refused;
  too_large += of.outcome == gpu_outcome::too_large;
  if (of.outcome != gpu_outcome::ran) return;
  ++ran;
  const auto any = [&](auto what) { return std::ranges::any_of(of.source.launches, what); };
  threads += any([](const cuda_launch& each) { return each.threads > 1; });
  blocks += any([](const cuda_launch& each) { return each.blocks > 1; });
  bound += any([](const cuda_launch& each) { return each.bind_only; });
  const auto has = [&](const char* what) { return of.source.text.find(what) != std::string::npos; };
  barriers += has("__syncthreads") && has("__shared__");
  pipelines += has("lathe_copy_async_wait");
  vectors += has("uint4") || has("uint2");
}

std::string to_text(const gpu_coverage& of) {
  std::string out;
  const auto add = [&](const char* what, int count) {
    out += (out.empty() ? "" : ", ") + std::to_string(count) + ' ' + what;
  };
  add("pairs", of.pairs);
  add("ran", of.ran);
  add("refused", of.refused);
  add("too large", of.too_large);
  add("with threads", of.threads);
  add("with blocks", of.blocks);
  add("with barriers", of.barriers);
  add("with vectors", of.vectors);
  add("with bind()", of.bound);
  add("with asynchronous copies", of.pipelines);
  return out;
}

}  // namespace test
