#include <lathe/api/pipeline.hpp>
#include <lathe/core/random.hpp>
#include <lathe/space/cpu_space.hpp>

#include "operator_list.hpp"
#include <doctest/doctest.h>
#include <set>

using namespace lathe;

namespace {

point random_point(const search_space& space, random_engine& engine) {
  point made;
  for (const site& each : space.sites)
    made.choices.push_back(
        static_cast<std::int32_t>(engine.below(static_cast<std::uint32_t>(each.choices))));
  return made;
}

struct tally {
  int rejected = 0, illegal = 0, legal = 0;
  int all() const { return rejected + illegal + legal; }
};

tally sample(const std::string& name, const program& of, int count) {
  tally out;
  random_engine engine(3);
  for (const isa set : {isa::sse2, isa::avx512}) {
    const cpu_space space(of, generic_cpu(set), {{"W"}, 2});
    for (int number = 0; number < count; ++number) {
      const point candidate = random_point(space, engine);
      REQUIRE(space.is_inside(candidate));
      if (space.why_rejected(candidate)) {
        ++out.rejected;
        continue;
      }
      const trace steps = space.to_trace(candidate);
      INFO(name, ": ", to_text(steps));
      const auto parsed = parse_trace(to_text(steps));
      REQUIRE(parsed.has_value());
      CHECK(*parsed == steps);
      const auto nest = lower(of, steps, {{"W"}, false});
      nest ? ++out.legal : ++out.illegal;
      if (!nest) CHECK(nest.error().id().starts_with("LATHE-E2"));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("cpu_space: more than half of all points of every operator are legal") {
  test::for_each_small_operator([](const std::string& name, const program& of) {
    const tally found = sample(name, of, 100);
    INFO(name, ": ", found.legal, " legal, ", found.illegal, " illegal, ", found.rejected,
         " rejected");
    CHECK(2 * found.legal > found.all());
  });
}

TEST_CASE("cpu_space: the first known-good point is the estimate, and legal") {
  const auto check = [](const std::string& name, const program& of) {
    INFO(name);
    const cpu_target target = generic_cpu(isa::avx512);
    const cpu_space space(of, target, {});
    REQUIRE(space.estimates.size() >= 1);
    CHECK(space.is_inside(space.estimates[0]));
    CHECK_FALSE(space.why_rejected(space.estimates[0]).has_value());
    const trace steps = space.to_trace(space.estimates[0]);
    INFO(to_text(steps));
    CHECK(lower(of, steps, {}).has_value());
  };
  test::for_each_small_operator(check);
  test::for_each_case(check);
}

TEST_CASE("cpu_space: neighbours of the estimate are mostly legal and not all one program") {
  const program of = make_program(describe(ops::conv2d(1, 16, 14, 14, 32, 3, 1, 1)));
  const cpu_space space(of, generic_cpu(isa::avx512), {});
  int legal = 0, all = 0;
  std::set<std::uint64_t> programs{space.hash(space.estimates[0])};
  for (std::size_t at = 0; at < space.sites.size(); ++at) {
    for (std::int32_t choice = 0; choice < space.sites[at].choices; ++choice) {
      point candidate = space.estimates[0];
      if (candidate.choices[at] == choice) continue;
      candidate.choices[at] = choice;
      ++all;
      programs.insert(space.hash(candidate));
      if (space.why_rejected(candidate)) continue;
      legal += lower(of, space.to_trace(candidate), {}).has_value() ? 1 : 0;
    }
  }
  CHECK(2 * legal > all);
  CHECK(static_cast<int>(3 * programs.size()) > all);
}

TEST_CASE("cpu_space: a point with too many scattered loads is rejected with the reason") {
  const program of = make_program(describe(ops::block_circulant_matmul(64, 64, 64, 8)));
  const cpu_space space(of, generic_cpu(isa::avx512), {});
  random_engine engine(5);
  std::string reason;
  for (int number = 0; number < 1000 && reason.empty(); ++number)
    if (const auto why = space.why_rejected(random_point(space, engine))) {
      CHECK(why->resource);
      reason = why->reason;
    }
  CHECK(reason.find("the tile of C loads") == 0);
  CHECK(reason.find("single elements") != std::string::npos);
}

TEST_CASE("cpu_space: tiles that do not fit the registers stand for the largest that do") {
  const program of = make_program(describe(ops::gemm(256, 256, 256)));
  const cpu_space space(of, generic_cpu(isa::avx512), {});
  point candidate = space.estimates[0];
  const auto set = [&](const std::string& name, std::int32_t choice) {
    for (std::size_t at = 0; at < space.sites.size(); ++at)
      if (space.sites[at].name == name) candidate.choices[at] = choice;
  };
  set("vectors C", 1);  // two vectors
  set("rows i C", 14);  // 24 rows
  const std::string steps = to_text(space.to_trace(candidate));
  INFO(steps);
  CHECK(steps.find("i2:14") != std::string::npos);  // 2 * 14 + 2 + 1 of 32
}
