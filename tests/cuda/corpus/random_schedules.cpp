// Random schedules for GPUs: what the emitted text computes in the simulator is what the
// description says.
#include "cuda/corpus/gpu_pairs.hpp"
#include <doctest/doctest.h>

using namespace lathe::property;
using namespace test;

namespace {

/// Pairs of the seeds from `first` on. If one fails, its shortest trace that still does is shown.
void check_seeds(std::uint64_t first, std::uint64_t count) {
  std::vector<random_pair> pairs;
  for (std::uint64_t seed = first; seed < first + count; ++seed) pairs.push_back(gpu_pair(seed));
  const std::vector<gpu_verdict> verdicts = check_on_gpu(pairs);
  gpu_coverage seen;
  for (std::size_t at = 0; at < pairs.size(); ++at) {
    seen.add(verdicts[at]);
    if (verdicts[at].failure.empty()) continue;
    const random_pair smaller = shrink_on_gpu(pairs[at]);
    const gpu_verdict again = check_on_gpu({&smaller, 1})[0];
    FAIL(report(smaller, again.failure), again.source.text);
  }
  const auto pairs_seen = static_cast<int>(count);
  CAPTURE(to_text(seen));
  CHECK(seen.ran > pairs_seen / 2);
  CHECK(seen.threads > pairs_seen / 3);
  CHECK(seen.blocks > pairs_seen / 3);
  CHECK(seen.barriers > pairs_seen / 10);
  CHECK(seen.vectors > pairs_seen / 10);
  CHECK(seen.bound > 0);
}

}  // namespace

TEST_CASE("random schedules for GPUs change no result, 1 to 60") { check_seeds(1, 60); }
TEST_CASE("random schedules for GPUs change no result, 61 to 120") { check_seeds(61, 60); }
