#include <lathe/store/record_io.hpp>
#include <lathe/store/segment.hpp>

#include "store/scratch.hpp"
#include <algorithm>
#include <set>

using namespace store_test;
using namespace lathe::detail;

namespace {

std::string line_with(const std::string& value) { return framed({{"a", value}}).value(); }

store_directory opened(const scratch& temporary) {
  auto out = store_directory::open(temporary.path, true);
  REQUIRE(out);
  return std::move(*out);
}

// A segment whose writer is dead: written by a child process that ended.
void dead_segment(const store_directory& directory, const lathe::sequence<std::string>& lines) {
  REQUIRE(in_child([&] {
    segment_writer writer("seg");
    return std::all_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return writer.append(directory, line, false) == 0;
    });
  }));
}

}  // namespace

TEST_CASE("segment: each writer has its own file, a reader sees all of them once") {
  const scratch temporary;
  const auto directory = opened(temporary);
  segment_writer first("seg");
  segment_writer second("seg");
  segment_writer other("trial");
  CHECK(files(temporary.path, "").empty());
  CHECK(first.append(directory, line_with("1"), true) == 0);
  CHECK(second.append(directory, line_with("2"), true) == 0);
  CHECK(other.append(directory, line_with("3"), true) == 0);
  CHECK(files(temporary.path, "seg-").size() == 2);
  segment_reader reader("seg");
  lathe::store_report report;
  CHECK(reader.read_new(directory, report).size() == 2);
  CHECK(reader.read_new(directory, report).empty());
  CHECK(first.append(directory, line_with("4"), false) == 0);
  CHECK(reader.read_new(directory, report) == lathe::sequence<std::string>{"a=4"});
  CHECK(report.clean());
}

TEST_CASE("segment: a record that is still being written is read when it is whole") {
  const scratch temporary;
  const auto directory = opened(temporary);
  segment_writer writer("seg");
  REQUIRE(writer.append(directory, line_with("1"), false) == 0);
  const std::string path = files(temporary.path, "seg-")[0];
  const std::string line = line_with("2");
  segment_reader reader("seg");
  lathe::store_report report;
  write_file(path, line_with("1") + line.substr(0, 20));
  CHECK(reader.read_new(directory, report).size() == 1);
  CHECK(report.torn == 1);
  CHECK(reader.read_new(directory, report).empty());
  CHECK(report.torn == 1);
  write_file(path, line_with("1") + line);
  CHECK(reader.read_new(directory, report) == lathe::sequence<std::string>{"a=2"});
}

TEST_CASE("segment: a forked child starts a segment of its own") {
  const scratch temporary;
  const auto directory = opened(temporary);
  segment_writer writer("seg");
  REQUIRE(writer.append(directory, line_with("1"), false) == 0);
  CHECK(in_child([&] { return writer.append(directory, line_with("2"), false) == 0; }));
  CHECK(files(temporary.path, "seg-").size() == 2);
}

TEST_CASE("segment: a record goes to a new segment if somebody removed the old one") {
  const scratch temporary;
  const auto directory = opened(temporary);
  segment_writer writer("seg");
  REQUIRE(writer.append(directory, line_with("1"), false) == 0);
  std::filesystem::remove(files(temporary.path, "seg-")[0]);
  REQUIRE(writer.append(directory, line_with("2"), false) == 0);
  segment_reader reader("seg");
  lathe::store_report report;
  CHECK(reader.read_new(directory, report) == lathe::sequence<std::string>{"a=2"});
}

TEST_CASE("segment: merging keeps every record and leaves living writers alone") {
  const scratch temporary;
  const auto directory = opened(temporary);
  const std::string newer = framed({{"kind", "winner"}, {"schema", "9"}, {"x", "y"}}).value();
  dead_segment(directory, {line_with("1"), line_with("2")});
  dead_segment(directory, {line_with("2"), newer});
  segment_writer living("seg");
  REQUIRE(living.append(directory, line_with("3"), false) == 0);
  lathe::store_report report;
  CHECK(merge_segments(directory, "seg", {}, report).segments == 2);
  CHECK(files(temporary.path, "").size() == 2);
  REQUIRE(living.append(directory, line_with("4"), false) == 0);
  segment_reader reader("seg");
  const auto found = reader.read_new(directory, report);
  const std::set<std::string> distinct(found.begin(), found.end());
  CHECK(distinct ==
        std::set<std::string>{"a=1", "a=2", "a=3", "a=4", "kind=winner\tschema=9\tx=y"});
  CHECK(found.size() == 5);
  CHECK(report.clean());
}

TEST_CASE("segment: a damaged segment is never rewritten") {
  const scratch temporary;
  const auto directory = opened(temporary);
  dead_segment(directory, {line_with("1")});
  const std::string damaged = files(temporary.path, "seg-")[0];
  const std::string content = line_with("1") + line_with("2").substr(0, 30) + line_with("5");
  write_file(damaged, content);
  dead_segment(directory, {line_with("3")});
  dead_segment(directory, {line_with("4")});
  lathe::store_report report;
  CHECK(merge_segments(directory, "seg", {}, report).segments == 2);
  CHECK(read_file(damaged) == content);
}

TEST_CASE("segment: the torn end of a killed writer does not keep its segment from being merged") {
  const scratch temporary;
  const auto directory = opened(temporary);
  dead_segment(directory, {line_with("1")});
  const std::string killed = files(temporary.path, "seg-")[0];
  write_file(killed, line_with("1") + line_with("2").substr(0, 30));
  dead_segment(directory, {line_with("3")});
  lathe::store_report report;
  CHECK(merge_segments(directory, "seg", {}, report).segments == 2);
  segment_reader reader("seg");
  CHECK(reader.read_new(directory, report) == lathe::sequence<std::string>{"a=1", "a=3"});
  CHECK(report.clean());
}

TEST_CASE("segment: of another host, only those without a change for a day are merged") {
  const scratch temporary;
  const auto directory = opened(temporary);
  const std::string first = temporary / "seg-elsewhere.12345678-1-0000000000000001.log";
  const std::string second = temporary / "seg-elsewhere.12345678-1-0000000000000002.log";
  write_file(first, line_with("1"));
  write_file(second, line_with("2"));
  lathe::store_report report;
  CHECK(merge_segments(directory, "seg", {}, report).segments == 0);
  const auto two_days_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(48);
  std::filesystem::last_write_time(first, two_days_ago);
  std::filesystem::last_write_time(second, two_days_ago);
  CHECK(merge_segments(directory, "seg", {}, report).segments == 2);
}

TEST_CASE("segment: a lock somebody else holds postpones merging, an old one does not") {
  const scratch temporary;
  const auto directory = opened(temporary);
  dead_segment(directory, {line_with("1")});
  dead_segment(directory, {line_with("2")});
  write_file(temporary / "merge.lock", "");
  lathe::store_report report;
  CHECK(merge_segments(directory, "seg", {}, report).segments == 0);
  std::filesystem::last_write_time(
      temporary / "merge.lock",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  CHECK(merge_segments(directory, "seg", {}, report).segments == 2);
}

TEST_CASE("segment: names that no writer makes are not opened") {
  const scratch temporary;
  const auto directory = opened(temporary);
  for (const char* name :
       {"seg-a-1-x.log", "seg-a-1-0000000000000001", "seg-1-0000000000000001.log",
        "seg-a-0-0000000000000001.log", "other.log"}) {
    write_file(temporary / name, line_with("1"));
  }
  std::filesystem::create_symlink(temporary / "other.log",
                                  temporary / "seg-a-1-0000000000000002.log");
  segment_reader reader("seg");
  lathe::store_report report;
  CHECK(reader.read_new(directory, report).empty());
  CHECK(report.refused == 1);
}
