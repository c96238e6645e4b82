#include <lathe/store/wisdom.hpp>

#include "store/scratch.hpp"
#include <sys/stat.h>

using namespace store_test;

TEST_CASE("wisdom: winners travel without machine code and arrive as imported") {
  auto source = sample_winner();
  source.object_digest = std::string(64, 'b');
  const std::string text = lathe::wisdom_text(lathe::sequence<lathe::winner>{source});
  CHECK(text.starts_with("# lathe wisdom"));
  CHECK(text.find("object=") == std::string::npos);
  CHECK(text.find("plan=") == std::string::npos);
  lathe::store_report report;
  const auto found = lathe::parse_wisdom(text, "text", report);
  REQUIRE(found.size() == 1);
  CHECK(report.clean());
  CHECK(found[0].origin == lathe::provenance::imported);
  CHECK(found[0].trace == source.trace);
}

TEST_CASE("wisdom: whole or not at all") {
  const std::string good =
      lathe::wisdom_text(lathe::sequence<lathe::winner>{sample_winner(1), sample_winner(2)});
  const auto read = [](const std::string& text) {
    lathe::store_report report;
    return lathe::parse_whole_wisdom(text, "text", report);
  };
  CHECK(read(good).value().size() == 2);
  CHECK(read("").value().empty());
  auto no_schedule = sample_winner(3);
  no_schedule.trace = "split(C.i -> i0:_";
  const auto line = [](const lathe::sequence<lathe::detail::field>& fields) {
    return lathe::detail::framed(fields).value();
  };
  for (const std::string& wrong :
       {good + "rubbish\n", good.substr(0, good.size() - 9), "rubbish" + good,
        good + line({{"kind", "winner"}, {"schema", "1"}}),
        good + lathe::detail::line_of(no_schedule).value()}) {
    const auto refused = read(wrong);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().id() == "LATHE-E408");
  }
  // What a newer version has written is whole, only not for us.
  lathe::store_report report;
  const auto partly = lathe::parse_whole_wisdom(
      good + line({{"kind", "winner"}, {"schema", "99"}, {"x", "y"}}), "text", report);
  CHECK(partly.value().size() == 2);
  CHECK(report.newer == 1);
}

TEST_CASE("wisdom: the best of each key, by the key's text") {
  auto slow = sample_winner(1, 2e-3), fast = sample_winner(1, 1e-3);
  const auto best = lathe::best_of_each_key({sample_winner(2), slow, fast, slow});
  REQUIRE(best.size() == 2);
  CHECK(best[0].key == sample_key(1));
  CHECK(best[0].median_seconds == 1e-3);
  CHECK(best[1].key == sample_key(2));
  CHECK(lathe::best_of_each_key({}).empty());
}

TEST_CASE("wisdom: machine code named by a hostile record is ignored") {
  auto hostile = sample_winner();
  hostile.object_digest = std::string(64, 'b');
  lathe::store_report report;
  const auto found = lathe::parse_wisdom(lathe::detail::line_of(hostile).value(), "text", report);
  REQUIRE(found.size() == 1);
  CHECK(found[0].object_digest.empty());
  CHECK_FALSE(found[0].plan);
  CHECK(found[0].origin == lathe::provenance::imported);
}

TEST_CASE("wisdom: files and directories, what is no wisdom is reported") {
  const scratch temporary;
  std::filesystem::create_directory(temporary / "site");
  const auto text = [](int n) {
    return lathe::wisdom_text(lathe::sequence<lathe::winner>{sample_winner(n)});
  };
  write_file(temporary / "site/a.wisdom", text(1));
  write_file(temporary / "site/b.log", text(2) + "rubbish\n" + text(3));
  write_file(temporary / "site/c.txt", text(4));
  REQUIRE(::mkfifo((temporary / "site/d.wisdom").c_str(), 0600) == 0);
  lathe::store_report report;
  CHECK(lathe::read_wisdom(temporary / "site", report).size() == 3);
  CHECK(report.damaged == 1);
  CHECK(says(report, "LATHE-E403"));
  CHECK(report.refused == 1);
  CHECK(says(report, "LATHE-E405"));
  CHECK(lathe::read_wisdom(temporary / "missing", report).empty());
  CHECK(report.refused == 2);
  CHECK(lathe::read_wisdom(temporary / "site/a.wisdom", report).size() == 1);
}
