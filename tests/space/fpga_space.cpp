// The FPGA space: its points are legal schedules, its moves are symmetric, and what it rejects says
// why.
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/verify.hpp>
#include <lathe/search/random.hpp>
#include <lathe/space/fpga_space.hpp>

#include "space/operator_list.hpp"
#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("fpga space: points of every operator are legal, the first estimate always") {
  test::for_each_small_operator([](const std::string& name, const program& of) {
    CAPTURE(name);
    const fpga_space space(of, {});
    random_engine engine(7);
    seen_points seen;
    sequence<point> points = space.estimates;
    for (int count = 0; count < 20; ++count)
      if (auto drawn = draw_unseen(space, engine, seen)) points.push_back(std::move(*drawn));
    for (const point& each : points) {
      if (space.why_rejected(each)) continue;
      const trace steps = space.to_trace(each);
      CAPTURE(to_text(steps));
      const result<program> scheduled = apply(of, steps);
      REQUIRE_MESSAGE(scheduled, scheduled.error().text());
      const result<ir::nest> nest = build(*scheduled);
      REQUIRE_MESSAGE(nest, nest.error().text());
      CHECK(verify(*nest) == "");
    }
    REQUIRE(!space.why_rejected(space.estimates[0]));
  });
}

TEST_CASE("fpga space: every split is reached by moves of one prime factor, there and back") {
  const fpga_space space(make_program(describe(ops::gemm(12, 7, 64))), {});
  int splits = 0;
  for (const site& each : space.sites) {
    if (each.name.rfind("split", 0) != 0) continue;
    ++splits;
    sequence<std::int32_t> reached{0};
    for (std::size_t at = 0; at < reached.size(); ++at)
      for (const std::int32_t next : each.moves[static_cast<std::size_t>(reached[at])]) {
        CHECK(contains(each.moves[static_cast<std::size_t>(next)], reached[at]));
        if (!contains(reached, next)) reached.push_back(next);
      }
    CHECK(reached.size() == static_cast<std::size_t>(each.choices));
  }
  CHECK(splits == 3);
  CHECK(space.sites[0].choices == 18);  // 12 = 2 * 2 * 3 in three parts
}

TEST_CASE("fpga space: too many copies and too large buffers are rejected without building") {
  const program gemm = make_program(describe(ops::gemm(64, 64, 64)));
  const fpga_space space(gemm, {64, 1 << 20});
  random_engine engine(3);
  seen_points seen;
  int copies = 0, buffers = 0, kept = 0;
  for (int count = 0; count < 500; ++count) {
    const auto rejected = space.why_rejected(*draw_unseen(space, engine, seen));
    copies += rejected && rejected->reason.find("copies") != std::string::npos;
    buffers += rejected && rejected->reason.find("bits") != std::string::npos;
    kept += !rejected;
    if (rejected) CHECK(rejected->resource);
  }
  CHECK(copies > 0);
  CHECK(kept > 0);
  const fpga_space small(gemm, {1 << 20, 4096});
  for (int count = 0; count < 200; ++count) {
    const auto rejected = small.why_rejected(*draw_unseen(small, engine, seen));
    buffers += rejected && rejected->reason.find("bits") != std::string::npos;
  }
  CHECK(buffers > 0);
}
