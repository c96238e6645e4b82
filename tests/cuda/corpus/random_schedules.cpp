// Random computations and operators of the library under random schedules for GPUs.
#include <lathe/analysis/describe.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>

#include "cuda/corpus/gpu_checker.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::property;
using namespace test;

namespace {

/// Pairs of seeds `first` to `first + count - 1`. If one fails, the test case ends with the
/// shortest trace that still does.
int check_pairs(const std::vector<random_pair>& pairs) {
  int ran = 0, refused = 0, too_large = 0;
  const std::vector<gpu_verdict> verdicts = check_on_gpu(pairs);
  for (std::size_t at = 0; at < pairs.size(); ++at) {
    const gpu_verdict& of = verdicts[at];
    ran += of.outcome == gpu_outcome::ran;
    refused += of.outcome == gpu_outcome::refused;
    too_large += of.outcome == gpu_outcome::too_large;
    if (of.failure.empty()) continue;
    const random_pair smaller = shrink_on_gpu(pairs[at]);
    const gpu_verdict again = check_on_gpu({&smaller, 1})[0];
    FAIL_CHECK(report(smaller, again.failure), again.source.text);
  }
  MESSAGE(ran, " ran, ", refused, " refused, ", too_large, " too large");
  return ran;
}

}  // namespace

TEST_CASE("random schedules for GPUs of random operators change no result") {
  std::vector<random_pair> pairs;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    random_engine shapes(seed, 1);
    pairs.push_back(make_gpu_pair(make_operator(shapes), seed));
  }
  CHECK(check_pairs(pairs) > 20);
}

TEST_CASE("random schedules for GPUs of products and convolutions change no result") {
  std::vector<random_pair> pairs;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    random_engine shapes(seed, 9);
    const auto between = [&](int low, int high) {
      return low + static_cast<int>(shapes.below(static_cast<std::uint32_t>(high - low + 1)));
    };
    const auto owned = [](const auto& source) { return copy_of(describe(source).view()); };
    if (seed % 2 == 0)
      pairs.push_back(
          make_gpu_pair(owned(ops::gemm(between(1, 40), between(1, 40), between(1, 40))), seed));
    else
      pairs.push_back(make_gpu_pair(
          owned(ops::conv2d(between(1, 2), between(1, 5), between(3, 9), between(3, 9),
                            between(1, 9), between(1, 3), between(1, 2), between(0, 1))),
          seed));
  }
  CHECK(check_pairs(pairs) > 20);
}
