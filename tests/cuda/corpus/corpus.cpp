// Operators of the library under schedules of the GPU's space: results in the simulator, mistakes
// made on purpose, and the compiler.
#include <lathe/schedule/trace.hpp>

#include "cuda/corpus/gpu_pairs.hpp"
#include "cuda/corpus/mutants.hpp"
#include "cuda/corpus/operators.hpp"
#include "cuda/host_nvrtc.hpp"
#include <doctest/doctest.h>
#include <map>

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

/// Products by matrix instructions, and in steps whose copies arrive while the one before is used.
const char* const by_hand[] = {
    "pad(C.i, 32); pad(C.j, 16); pad(C.k, 16); split(C.i -> i0:_, it:2, ih:2, ig:8); "
    "split(C.j -> j0:_, jr:2, jq:4, jl:2); split(C.k -> k0:_, k1:2, k2:8); "
    "reorder(C: i0 j0 it ig jq k0 k1 jr k2 ih jl); bind(C.i0, block); bind(C.j0, block); "
    "bind(C.it, thread); bind(C.ig, thread); bind(C.jq, thread); unroll(C.jr); tensor(C.k2); "
    "unroll(C.ih); unroll(C.jl); cache_write(C, register); "
    "cache_read(A -> As at C.k0); fuse(As.i, As.k -> f); split(As.f -> f0:_, ft:64); "
    "bind(As.ft, thread); buffers(As, 2); cache_read(B -> Bs at C.k0); fuse(Bs.k, Bs.j -> f); "
    "split(Bs.f -> f0:_, ft:64); bind(Bs.ft, thread); buffers(Bs, 2)",
    "pad(C.i, 16); pad(C.j, 16); pad(C.k, 4); split(C.i -> i0:_, it:8, ii:2); "
    "split(C.j -> j0:_, jt:8, jj:2); split(C.k -> k0:_, k1:4); "
    "reorder(C: i0 j0 it jt k0 k1 ii jj); bind(C.i0, block); bind(C.j0, block); "
    "bind(C.it, thread); bind(C.jt, thread); unroll(C.k1); unroll(C.ii); vectorize(C.jj); "
    "cache_write(C, register); cache_read(A -> As at C.k0, [k i]); reorder(As: i k); "
    "fuse(As.i, As.k -> f); split(As.f -> f0:_, ft:64); bind(As.ft, thread); buffers(As, 3); "
    "cache_read(B -> Bs at C.k0); fuse(Bs.k, Bs.j -> f); split(Bs.f -> f0:_, ft:32, fv:2); "
    "bind(Bs.ft, thread); vectorize(Bs.fv); buffers(Bs, 3)"};

/// How many mistakes of each kind were noticed.
using mistake_counts = std::map<cuda_simulator::mistake, int>;

/// Makes mistakes. Every barrier, wait, commit and fragment matters. Of the bounds many do not:
/// conditions that others repeat, iterations beyond the end of padded axes.
mistake_counts check_mutants(const std::vector<random_pair>& pairs) {
  mutant_count bounds;
  mistake_counts noticed;
  for (const random_pair& pair : pairs)
    for (const auto& [kind, count] : count_mutants(pair)) {
      noticed[kind] += count.noticed;
      INFO(lathe::to_text(pair.schedule.steps));
      if (kind == cuda_simulator::mistake::bound) {
        bounds.noticed += count.noticed;
        bounds.survived += count.survived;
        bounds.survivors += count.survivors;
      } else {
        CHECK(count.survivors == "");
      }
    }
  INFO(bounds.survivors);
  CHECK(bounds.noticed > 2 * bounds.survived);
  return noticed;
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
      for (const char* architecture : {"sm_80", "sm_90a"})
        compiled_by(*compiler, of.source.prelude + of.source.text, architecture);
    }
}

TEST_CASE("corpus: mistakes in the text of a product and a convolution are noticed") {
  std::vector<random_pair> pairs;
  for (const corpus_operator& each : corpus_operators()) {
    if (each.name == "conv2d") pairs.push_back(corpus_pairs(each, 0, 3).front());
    if (each.name == "gemm")
      for (const char* steps : by_hand)
        pairs.push_back(corpus_pair(each, lathe::parse_trace(steps).value()));
  }
  mistake_counts noticed = check_mutants(pairs);
  using enum cuda_simulator::mistake;
  CHECK(noticed[barrier] >= 3);
  CHECK(noticed[wait] == 2);
  CHECK(noticed[commit] == 4);
  CHECK(noticed[fragment] == 3);
}
TEST_CASE("corpus: mistakes in the text of every operator are noticed" *
          doctest::test_suite("nightly")) {
  for (const corpus_operator& each : corpus_operators()) {
    CAPTURE(each.name);
    check_mutants(corpus_pairs(each, 4, 5));
  }
}
TEST_CASE("corpus: operators compute what they describe, many random points" *
          doctest::test_suite("nightly")) {
  for (std::size_t part = 0; part < 7; ++part) check_operators(part_of_corpus(part, 7), 30, 9);
}
