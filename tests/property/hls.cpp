// Random computations under random schedules as HLS text: it computes what the description says, on
// every compiler, and its pragmas stand where the tool wants them.
#include "hls_text.hpp"
#include "property/pair.hpp"
#include <doctest/doctest.h>

using namespace lathe::property;

TEST_CASE("random schedules of random operators are the same as HLS text") {
  hls_texts seen;
  std::uint64_t first = 1;
  for (const std::string& compiler : lathe::test::hls_compilers()) {
    std::vector<random_pair> pairs;
    for (std::uint64_t seed = first; seed < first + 60; ++seed) pairs.push_back(make_pair(seed));
    first += 60;
    const std::string problem = check_hls(pairs, compiler, seen);
    REQUIRE_MESSAGE(problem.empty(), problem);
  }
  CHECK(seen.kernels > 40);
  CHECK(seen.dataflow > 5);
  CHECK(seen.unrolled > 10);
  CHECK(seen.partitioned > 5);
}
