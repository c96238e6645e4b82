// The table of cases: complete, and its work and traffic are what the formulas say.
#include "cases.hpp"

#include <lathe/analysis/stats.hpp>

#include <doctest/doctest.h>
#include <map>
#include <set>

TEST_CASE("there are 110 library cases of twelve operators, two quick ones each") {
  std::map<std::string, int> cases, quick;
  std::set<std::string> names;
  for (const bench::problem& each : bench::all_cases()) {
    CHECK_MESSAGE(names.insert(each.name).second, each.name << " is there twice");
    if (each.counts_for != bench::group::library) continue;
    ++cases[each.op];
    quick[each.op] += each.quick;
  }
  CHECK(cases.size() == 12);
  int sum = 0;
  for (const auto& each : cases) {
    sum += each.second;
    CHECK_MESSAGE(quick[each.first] == 2, each.first);
  }
  CHECK(sum == 110);
}

TEST_CASE("every case is a valid operator, and its flops are lathe's") {
  for (const bench::problem& each : bench::all_cases()) {
    CAPTURE(each.name);
    const lathe::owned_desc desc = each.describe();
    CHECK(each.bytes() > each.output_bytes());
    CHECK(each.needed_flops() <= each.flops());
    const auto* const c = std::get_if<bench::convolution>(&each.extents);
    if (c == nullptr || c->transposed) continue;
    CHECK(each.flops() == lathe::flops_of(desc.view(), desc.view().stage_count - 1));
  }
}

TEST_CASE("flops without padding and without spread zeros") {
  // 3 x 3 on 2 x 2 with a border of one: every output sees the 4 inputs.
  const bench::problem inside{
      "conv2d", "tiny", {}, false, bench::convolution{2, 1, 1, {1, 2, 2}, 1, 1, 3, 1, 1, 1}};
  CHECK(inside.flops() == 2 * 4 * 9);
  CHECK(inside.needed_flops() == 2 * 4 * 4);
  // Transposed 2 x 2, stride 2: every input meets every tap, nothing falls outside.
  const bench::problem spread{"conv_transpose2d",
                              "tiny",
                              {},
                              false,
                              bench::convolution{2, 1, 3, {1, 5, 5}, 7, 1, 2, 2, 0, 1, true}};
  CHECK(spread.flops() == 2. * 25 * 4 * 3 * 7);
  CHECK(spread.needed_flops() == spread.flops());
  CHECK(spread.output_bytes() == 4. * 7 * 10 * 10);
}
