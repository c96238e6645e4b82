// Random computations under random schedules: what a schedule computes is what the description
// says.
#include <lathe/target/cpu/host.hpp>

#include "property/expect.hpp"
#include <algorithm>
#include <array>
#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::property;

namespace {

/// Checks `count` pairs from `first` on, and that they exercise what they are meant to.
void check_pairs(std::uint64_t first, int count) {
  pair_checker checker({isa::sse2, isa::avx2, isa::avx512});
  std::array<int, static_cast<std::size_t>(primitive::narrow) + 1> uses{};
  int built = 0, refused = 0;
  for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(count); ++seed) {
    const random_pair pair = make_pair(seed);
    const verdict of = expect_no_change(checker, pair);
    refused += pair.schedule.refused;
    if (of.built) {
      ++built;
      for (const step& each : pair.schedule.steps.steps)
        ++uses[static_cast<std::size_t>(each.what)];
    }
  }
  CHECK(built > count * 7 / 10);
  CHECK(refused > count);
  // Every primitive but the last two, which few random operators allow: holes.cpp is about narrow,
  // line buffers are in the FPGA space of every operator with a window.
  for (std::size_t each = 0; each + 2 < uses.size() && count >= 100; ++each) {
    CAPTURE(each);  // of the primitives in schedule/primitive.hpp
    CHECK(uses[each] > 0);
  }
  if (checker.sets().empty()) return;
  CHECK(checker.seen().calls > 0);
  if (count >= 100) CHECK(checker.seen().tiles > 5);
}

}  // namespace

// Four cases, so that CTest runs them in parallel.
TEST_CASE("random schedules of random operators change no result, 1 to 125") {
  check_pairs(1, 125);
}
TEST_CASE("random schedules of random operators change no result, 126 to 250") {
  check_pairs(126, 125);
}
TEST_CASE("random schedules of random operators change no result, 251 to 375") {
  check_pairs(251, 125);
}
TEST_CASE("random schedules of random operators change no result, 376 to 500") {
  check_pairs(376, 125);
}

// Copies of padded tensors within copies of them, copies of which nothing is read, line buffers of
// what lies beyond the tensor, in fused loops, of stages that are inlined afterwards.
TEST_CASE("random schedules that once went wrong change no result") {
  pair_checker checker({isa::sse2, isa::avx2, isa::avx512});
  for (const std::uint64_t seed : {900725, 901247, 901267, 901414, 901711, 902956, 903416, 905103,
                                   906579, 908769, 908889, 910199, 910843, 911344, 911521})
    expect_no_change(checker, make_pair(seed));
}

TEST_CASE("random schedules keep math functions, in vectors and scalars, within their error") {
  pair_checker checker({isa::sse2, isa::avx2, isa::avx512});
  int built = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const random_pair pair = make_pair(seed, true);
    const verdict of = expect_no_change(checker, pair);
    built += of.built;
  }
  CHECK(built > 100);
  if (checker.sets().empty()) return;
  CHECK(checker.seen().kernels > 100);
  if (native::host_target().value().math == vector_math::none)
    MESSAGE("[SKIP] no libmvec: scalar functions only");
  else
    CHECK(checker.seen().vector_math > 15);
}

TEST_CASE("a seed names a pair: the same operator, inputs and trace every time") {
  for (const std::uint64_t seed : {7, 8, 9}) {
    const random_pair first = make_pair(seed), second = make_pair(seed);
    CHECK(to_text(first.source) == to_text(second.source));
    CHECK(first.data == second.data);
    CHECK(first.schedule.steps == second.schedule.steps);
  }
}

TEST_CASE("a wrong result is noticed and its trace shrunk") {
  pair_checker checker({});
  random_pair pair = make_pair(3);
  while (pair.schedule.steps.steps.size() < 3) pair = make_pair(pair.seed + 1);
  for (std::size_t at = 0; at < pair.source.tensors.size(); ++at)
    if (pair.source.tensors[at].producer >= 0 && pair.source.tensors[at].param >= 0)
      pair.data[at][0] ^= std::byte{1};
  CHECK(checker.check(pair, true).failure.find("element 0") != std::string::npos);
  const random_pair smaller = checker.shrink(pair);
  CHECK(smaller.schedule.steps.steps.empty());
  CHECK(report(smaller, "wrong").find("phase0") != std::string::npos);
}
