#include "comparison.hpp"

#include <lathe/analysis/describe.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/target/cpu/host.hpp>

#include "report.hpp"
#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

using namespace lathe;

namespace {

/// A table of 20 x 20 programs whose times rise with the distance to (7, 13); every seventh fails.
recorded_table valley() {
  recorded_table out;
  out.title = "valley";
  out.sites = {{"a", 20, linear_moves(20)}, {"b", 20, linear_moves(20)}};
  out.estimates = {{{0, 0}}};
  for (int at = 0; at < 400; ++at) {
    out.program_of.push_back(at);
    const int a = at / 20 - 7, b = at % 20 - 13;
    measurement outcome;
    outcome.samples = {1e-6 * (100 + a * a + b * b)};
    outcome.compile_seconds = 0.01;
    if (at % 7 == 3) outcome = measurement::failure_of(failure::crash, "SIGSEGV");
    out.programs.push_back({outcome});
  }
  return out;
}

lab::comparison compared(int seeds = 10) {
  lab::comparison_options options;
  options.strategies = {"evolve"};
  options.seeds = seeds;
  options.trials = 100;
  std::vector<lab::named_table> tables;
  tables.push_back({"valley", valley()});
  return lab::compare(tables, options);
}

}  // namespace

TEST_CASE("comparison: random search is there, with nothing gained over itself") {
  const lab::comparison found = compared();
  REQUIRE(found.options.strategies.size() == 2);
  CHECK(found.runs.size() == 20);
  const lab::verdict random = found.judge("random");
  CHECK(random.area_gain.value == 0);
  CHECK(random.trials_share.value == 1);
  CHECK(random.area.value > 0.5);
  CHECK(random.area.value < 1);
  for (const lab::search_run& each : found.runs) {
    CHECK(each.trials == 100);
    CHECK(each.outcomes[static_cast<std::size_t>(failure::crash)] > 0);
    CHECK(each.compile_seconds == doctest::Approx(0.01 * each.outcomes[0]));
  }
}

TEST_CASE("comparison: a smooth valley is easier for evolution than by chance") {
  const lab::comparison found = compared();
  const lab::verdict evolved = found.judge("evolve"), random = found.judge("random");
  CHECK(evolved.area_gain.low > 0);
  CHECK(evolved.trials_share.value < 1);
  CHECK(evolved.final_share.value > random.final_share.value);
}

TEST_CASE("comparison: the same curves every time") {
  const lab::comparison one = compared(3), other = compared(3);
  REQUIRE(one.runs.size() == other.runs.size());
  for (std::size_t at = 0; at < one.runs.size(); ++at) {
    REQUIRE(one.runs[at].progress.size() == other.runs[at].progress.size());
    for (std::size_t step = 0; step < one.runs[at].progress.size(); ++step) {
      CHECK(one.runs[at].progress[step].trial == other.runs[at].progress[step].trial);
      CHECK(one.runs[at].progress[step].best == other.runs[at].progress[step].best);
    }
  }
}

TEST_CASE("comparison: text, JSON and page say the same") {
  const lab::comparison found = compared(3);
  const nlohmann::ordered_json json = lab::json_of(found);
  CHECK(json["subjects"][0]["hardness"].get<double>() ==
        doctest::Approx(found.subjects[0].hardness));
  CHECK(json["verdicts"][1]["strategy"] == "evolve");
  CHECK(json["verdicts"][1]["auc"]["value"].get<double>() ==
        doctest::Approx(found.judge("evolve").area.value));
  CHECK(json["runs"].size() == 6);
  CHECK(json["runs"][0]["improvements"][0].size() == 3);
  CHECK(lab::text_of(found).find("evolve") != std::string::npos);
  const std::string page = lab::page_of(found);
  CHECK(page.find("<h2>valley</h2>") != std::string::npos);
  CHECK(page.find("http") ==
        page.find("http://www.w3.org/2000/svg"));  // the name of SVG, no address
  CHECK(page.find(">evolve<") != std::string::npos);
}

TEST_CASE("comparison: searches on this machine are whole tunings") {
  lab::comparison_options options;
  options.strategies = {"evolve"};
  options.seeds = 2;
  const auto product = describe(ops::gemm(12, 20, 9));
  lab::live_problem problem{"gemm", product, {}};
  problem.request.target = native::host_target().value();
  problem.request.trials = 10;
  const lab::comparison found = lab::compare_live({problem}, options);
  REQUIRE(found.runs.size() == 4);
  REQUIRE(found.subjects.size() == 1);
  CHECK(found.subjects[0].trials == 10);
  double best = 1;
  for (const lab::search_run& each : found.runs) {
    CHECK(each.trials == 10);
    CHECK(each.compile_seconds > 0);
    REQUIRE(!each.progress.empty());
    CHECK(each.progress.front().trial == 1);  // the analytic schedule
    best = std::min(best, each.progress.back().best);
  }
  CHECK(found.subjects[0].best_seconds == best);
  CHECK(found.judge("random").area_gain.value == 0);
  CHECK(lab::text_of(found).find("operator") != std::string::npos);
  CHECK(lab::page_of(found).find("on this machine") != std::string::npos);
}

TEST_CASE("comparison: an unknown strategy is an error") {
  lab::comparison_options options;
  options.strategies = {"no such strategy"};
  std::vector<lab::named_table> tables;
  tables.push_back({"valley", valley()});
  CHECK_THROWS_WITH(lab::compare(tables, options), doctest::Contains("LATHE-E520"));
}

TEST_CASE(
    "comparison: the committed tables can be read and are hard enough to tell strategies apart") {
  const std::vector<lab::named_table> tables = lab::read_tables(LATHE_TABLES_DIR);
  CHECK(tables.size() >= 6);
  std::uintmax_t bytes = 0;
  for (const auto& each : std::filesystem::directory_iterator(LATHE_TABLES_DIR))
    bytes += each.file_size();
  CHECK(bytes < 2'000'000);
  for (const lab::named_table& each : tables) {
    INFO(each.name);
    CHECK(each.table.program_of.size() >= 2000);
    CHECK(each.table.program_of.size() <= 21000);
    CHECK(each.table.programs.size() >= 400);
    CHECK(each.table.hardness() <= 0.03);
  }
}

TEST_CASE("comparison: a damaged table is named") {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "lathe-damaged-table";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "broken.table") << "lathe table 1\n";
  CHECK_THROWS_WITH(lab::read_tables(folder.string()), doctest::Contains("broken.table"));
  std::filesystem::remove_all(folder);
  CHECK_THROWS_WITH(lab::read_tables(folder.string()), doctest::Contains("lab record"));
}
