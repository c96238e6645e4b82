#include <lathe/search/random.hpp>
#include <lathe/search/table.hpp>
#include <lathe/search/tuner.hpp>

#include <doctest/doctest.h>
#include <set>

using namespace lathe;

namespace {

measurement times(std::initializer_list<double> samples) {
  measurement out;
  out.samples = samples;
  out.compile_seconds = 0.012;
  out.run_seconds = 0.003;
  return out;
}

/// Six points of two sites; points 1 and 2 are one program, points 4 and 0 are another.
recorded_table small_table() {
  recorded_table out;
  out.title = "gemm M=2 N=2 K=2";
  out.command = "lathe lab record gemm 2 2 2 --vary 'rows=3'";
  out.machine = "a machine, avx2, 1 thread";
  out.sites = {{"rows i C", 3, linear_moves(3)},
               {"order C", 2, {}},
               {"pack A C", 1, linear_moves(1), 3, true}};
  out.estimates = {{{1, 0, 0}}};
  out.program_of = {0, 1, 1, 2, 0, 3};
  measurement early = times({5e-6});
  early.stopped_early = true;
  out.programs = {
      {times({1e-6, 1.2e-6, 0.9e-6})},
      {measurement::failure_of(failure::crash, "SIGSEGV in C")},
      {early},
      {measurement::failure_of(failure::limit, "the tile loads 99 single elements"), true}};
  return out;
}

}  // namespace

TEST_CASE("table: what is written is read back") {
  const recorded_table table = small_table();
  const std::string text = table_text(table);
  const recorded_table read = read_table(text).value();
  CHECK(table_text(read) == text);
  CHECK(read.title == table.title);
  CHECK(read.command == table.command);
  CHECK(read.machine == table.machine);
  REQUIRE(read.sites.size() == 3);
  CHECK(read.sites[0].name == "rows i C");
  CHECK(equal(read.sites[0].moves, table.sites[0].moves));
  CHECK(read.sites[1].moves.empty());
  CHECK(read.sites[1].group == 0);
  CHECK(!read.sites[1].graph);
  CHECK(read.sites[2].group == 3);
  CHECK(read.sites[2].graph);
  CHECK(read.sites[2].moves.size() == 1);
  CHECK(equal(read.estimates, table.estimates));
  CHECK(equal(read.program_of, table.program_of));
  REQUIRE(read.programs.size() == 4);
  CHECK(read.programs[0].outcome.seconds() == doctest::Approx(1e-6));
  CHECK(read.programs[0].outcome.compile_seconds == doctest::Approx(0.012));
  CHECK(read.programs[0].outcome.run_seconds == doctest::Approx(0.003));
  CHECK(read.programs[1].outcome.failed == failure::crash);
  CHECK(read.programs[1].outcome.reason == "SIGSEGV in C");
  CHECK(read.programs[2].outcome.stopped_early);
  CHECK(read.programs[3].pruned);
  CHECK(read.programs[3].outcome.failed == failure::limit);
}

TEST_CASE("table: hardness counts programs that can be tried") {
  const recorded_table table = small_table();
  CHECK(table.best_seconds() == doctest::Approx(1e-6));
  CHECK(table.hardness() ==
        doctest::Approx(1.0 / 3));  // one of three; the pruned one does not count
  CHECK(table.hardness(4.5) == doctest::Approx(2.0 / 3));
  recorded_table failed = table;
  failed.programs = {table.programs[1]};
  CHECK(failed.hardness() == 0);
}

TEST_CASE("table: points and their numbers") {
  const recorded_table table = small_table();
  for (std::size_t index = 0; index < 6; ++index)
    CHECK(table.index_of(table.point_at(index)) == index);
  CHECK(table.point_at(3) == point{{1, 1, 0}});
}

TEST_CASE("table: no change of one character is read") {
  const std::string text = table_text(small_table());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char other : {'0', '7', ' ', '\n', '-', 'x'}) {
      std::string damaged = text;
      if (damaged[at] == other) continue;
      damaged[at] = other;
      INFO(at << ": " << text.substr(at, 20));
      const auto read = read_table(damaged);
      REQUIRE(!read);
      CHECK(read.error().id() == "LATHE-E512");
    }
    REQUIRE(!read_table(text.substr(0, at)));
  }
  CHECK(!read_table(text + "\n"));
}

TEST_CASE("table: numbers out of range are errors, whatever the checksum says") {
  const auto refused = [](void (*damage)(recorded_table&)) {
    recorded_table table = small_table();
    damage(table);
    return !read_table(table_text(table));
  };
  CHECK(refused([](recorded_table& of) { of.program_of[2] = 9; }));
  CHECK(refused([](recorded_table& of) { of.program_of.pop_back(); }));
  CHECK(refused([](recorded_table& of) { of.programs.pop_back(); }));
  CHECK(refused([](recorded_table& of) { of.sites[0].moves[1][0] = 3; }));
  CHECK(refused([](recorded_table& of) { of.sites[0].moves.pop_back(); }));
  CHECK(refused([](recorded_table& of) { of.sites.clear(); }));
  CHECK(refused([](recorded_table& of) { of.estimates[0].choices[0] = 3; }));
  CHECK(refused([](recorded_table& of) { of.title = "two\nlines"; }));
  CHECK(!refused([](recorded_table&) {}));
  // 2^31 choices thrice are no reason to reserve memory, nor to overflow.
  recorded_table table = small_table();
  for (site& each : table.sites) each = {"a", 1 << 22, {}};
  table.estimates.clear();
  CHECK(!read_table(table_text(table)));
}

TEST_CASE("table: a search on it meets every program that can be tried, and nothing else") {
  const recorded_table table = small_table();
  for (const bool warm : {false, true}) {
    const table_space space(table, warm);
    CHECK(space.size() == 6);
    CHECK(space.hash({{0, 1, 0}}) == space.hash({{1, 0, 0}}));
    replay_evaluator judge(space);
    record_all(table, judge);
    random_search proposer(space, 1);
    search_options options;
    options.finalists = 0;
    const search_result found = run_search(space, proposer, judge, options);
    CHECK(found.stopped == stop_reason::exhausted);
    CHECK(found.progress.trials == 3);
    CHECK(found.progress.pruned == 1);
    CHECK(found.progress.outcomes[static_cast<std::size_t>(failure::crash)] == 1);
    CHECK(found.best->outcome.seconds() == doctest::Approx(1e-6));
    if (warm) CHECK(found.trials[0].at == table.estimates[0]);
  }
}
