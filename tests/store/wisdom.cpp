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
