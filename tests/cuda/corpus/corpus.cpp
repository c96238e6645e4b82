// Operators of the library under schedules of the GPU's space: results in the simulator, mistakes
// made on purpose, and the compiler.
#include "cuda/corpus/gpu_pairs.hpp"
#include "cuda/corpus/mutants.hpp"
#include "cuda/corpus/operators.hpp"
#include "cuda/host_nvrtc.hpp"
#include <algorithm>
#include <doctest/doctest.h>

using namespace lathe::property;
using namespace test;

namespace {

std::vector<corpus_operator> part_of_corpus(std::size_t part, std::size_t parts) {
  std::vector<corpus_operator> out, all = corpus_operators();
  for (std::size_t at = part; at < all.size(); at += parts) out.push_back(std::move(all[at]));
  return out;
}

void check_operators(const std::vector<corpus_operator>& operators, int points,
                     std::uint64_t seed) {
  std::vector<random_pair> pairs;
  std::vector<std::string> names;
  for (const corpus_operator& each : operators)
    for (random_pair& pair : corpus_pairs(each, points, seed)) {
      pairs.push_back(std::move(pair));
      names.push_back(each.name);
    }
  const std::vector<gpu_verdict> verdicts = check_on_gpu(pairs);
  gpu_coverage seen;
  for (std::size_t at = 0; at < pairs.size(); ++at) {
    seen.add(verdicts[at]);
    INFO(names[at]);
    INFO(lathe::to_text(pairs[at].schedule.steps));
    INFO(verdicts[at].source.text);
    CHECK(verdicts[at].failure == "");
    CHECK(verdicts[at].outcome != gpu_outcome::refused);
  }
  CAPTURE(to_text(seen));
  CHECK(seen.ran > seen.pairs * 9 / 10);
  CHECK(seen.barriers > seen.pairs / 4);
}

/// Mistakes in the estimate and in random points. Every barrier, wait, commit and fragment matters.
/// Of the bounds many do not: conditions that others repeat, iterations beyond the end of padded
/// axes.
void check_mutants(const std::vector<std::string>& names, int points, std::uint64_t seed) {
  mutant_count bounds;
  for (const corpus_operator& each : corpus_operators()) {
    if (std::ranges::find(names, each.name) == names.end()) continue;
    for (const random_pair& pair : corpus_pairs(each, points, seed))
      for (const auto& [kind, count] : count_mutants(pair)) {
        CAPTURE(each.name);
        INFO(std::string(name_of(kind)));
        INFO(lathe::to_text(pair.schedule.steps));
        if (kind == cuda_simulator::mistake::bound) {
          bounds.noticed += count.noticed;
          bounds.survived += count.survived;
          bounds.survivors += each.name + " " + count.survivors;
        } else {
          CHECK(count.survivors == "");
        }
      }
  }
  MESSAGE(bounds.noticed, " bounds noticed, ", bounds.survived, " not");
  INFO(bounds.survivors);
  CHECK(bounds.noticed > 4 * bounds.survived);
}

}  // namespace

TEST_CASE("corpus: operators compute what they describe, estimates and random points, 1") {
  check_operators(part_of_corpus(0, 2), 3, 1);
}
TEST_CASE("corpus: operators compute what they describe, estimates and random points, 2") {
  check_operators(part_of_corpus(1, 2), 3, 1);
}

TEST_CASE("corpus: NVRTC compiles the text of every operator") {
  const auto compiler = host_nvrtc();
  if (!compiler) return;
  for (const corpus_operator& each : corpus_operators())
    for (const gpu_verdict& of : check_on_gpu(corpus_pairs(each, 0, 2))) {
      CAPTURE(each.name);
      CAPTURE(of.source.text);
      REQUIRE(of.outcome == gpu_outcome::ran);
      compiled_by(*compiler, of.source.prelude + of.source.text);
    }
}

TEST_CASE("corpus: mistakes in the text of a product and a convolution are noticed") {
  check_mutants({"gemm", "conv2d"}, 1, 3);
}
TEST_CASE("corpus: mistakes in the text of every operator are noticed" *
          doctest::test_suite("nightly")) {
  std::vector<std::string> all;
  for (const corpus_operator& each : corpus_operators()) all.push_back(each.name);
  check_mutants(all, 4, 5);
}
TEST_CASE("corpus: operators compute what they describe, many random points" *
          doctest::test_suite("nightly")) {
  for (std::size_t part = 0; part < 7; ++part) check_operators(part_of_corpus(part, 7), 30, 9);
}
