// The simulator notices every mistake that the mutator makes in kernels written by hand.
#include "cuda/simulator/mutation.hpp"
#include "cuda/simulator/simulate.hpp"
#include "cuda/texts.hpp"
#include <doctest/doctest.h>
#include <map>

using namespace cuda_simulator;
using namespace test;

namespace {

/// Runs every mutant. Returns how many of each kind make a difference; each survivor is a failed
/// check.
std::map<mistake, int> check_mutants(const cuda_text& text) {
  std::map<mistake, int> counts;
  const std::vector<mutation> mutations = mutations_of(text.source.text);
  std::vector<lathe::cuda_source> sources;
  for (const mutation& each : mutations) {
    sources.push_back(text.source);
    sources.back().text = each.text;
  }
  const simulator all(sources);
  simulation_options options;
  for (run_mode& mode : options.modes) mode.seconds = 0.5;
  for (std::size_t at = 0; at < mutations.size(); ++at) {
    std::vector<std::vector<std::byte>> arguments = arguments_for(text);
    const simulation_report report =
        all.run(at, std::vector<std::span<std::byte>>(arguments.begin(), arguments.end()), options);
    INFO(mutations[at].what);
    INFO(report.problem);
    CHECK(report.problem.find("compile") == std::string::npos);
    if (mutations[at].kind == mistake::bound && report.ok() && !report.changed) continue;
    ++counts[mutations[at].kind];
    CHECK((!report.ok() || arguments != text.parameters));
  }
  return counts;
}

}  // namespace

// Extents are not multiples of the tiles, buffers are multiples of 16 bytes: nothing lies between
// their end and the page that cannot be accessed.
TEST_CASE("mutations: of tiles in shared memory") {
  auto counts = check_mutants(tiled_gemm(34, 18, 26));
  CHECK(counts[mistake::barrier] == 2);
  CHECK(counts[mistake::bound] >= 10);
}
TEST_CASE("mutations: of asynchronous copies") {
  auto counts = check_mutants(buffered_gemm(35, 44, 52));
  CHECK(counts[mistake::barrier] == 2);
  CHECK(counts[mistake::wait] == 2);
  CHECK(counts[mistake::commit] == 1);
}
TEST_CASE("mutations: of matrix instructions") {
  for (const char* type : {"f32", "f16", "bf16"}) {
    auto counts = check_mutants(matrix_gemm(18, 12, 44, type));
    CHECK(counts[mistake::fragment] == 3);
  }
}
TEST_CASE("mutations: of shuffles") {
  auto counts = check_mutants(row_sums(4, 301));
  CHECK(counts[mistake::barrier] == 1);
}
