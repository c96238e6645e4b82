#include <lathe/core/sha256.hpp>
#include <lathe/store/objects.hpp>

#include "store/scratch.hpp"

using namespace store_test;
using namespace lathe::detail;

namespace {

store_directory opened(const scratch& temporary) {
  auto out = store_directory::open(temporary.path, true);
  REQUIRE(out);
  return std::move(*out);
}

}  // namespace

TEST_CASE("objects: named by their digest, read back as they were") {
  const scratch temporary;
  const auto directory = opened(temporary);
  lathe::store_report report;
  const auto bytes = sample_object(1000);
  const auto digest = keep_object(directory, bytes, 1 << 20, report);
  CHECK(digest == lathe::sha256_hex(bytes));
  CHECK(load_object(directory, digest, report) == bytes);
  CHECK_FALSE(load_object(directory, std::string(64, '0'), report));
  CHECK_FALSE(load_object(directory, "../" + digest, report));
  CHECK_FALSE(load_object(directory, "", report));
  CHECK(report.clean());
}

TEST_CASE("objects: tampered, linked and writable files are refused") {
  const scratch temporary;
  const auto directory = opened(temporary);
  lathe::store_report report;
  const auto bytes = sample_object(100);
  const auto digest = keep_object(directory, bytes, 1 << 20, report);
  const std::string path = temporary / (digest + ".o");
  const std::string content = read_file(path);
  for (std::size_t at = 0; at < content.size(); ++at) {
    std::string changed = content;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    write_file(path, changed);
    CHECK_FALSE(load_object(directory, digest, report));
    CHECK_FALSE(check_object(directory, digest, report));
  }
  CHECK(says(report, "LATHE-E404"));
  write_file(path, content.substr(1));
  CHECK_FALSE(load_object(directory, digest, report));
  write_file(path, content);
  CHECK(load_object(directory, digest, report));
  std::filesystem::create_hard_link(path, temporary / "other");
  CHECK_FALSE(load_object(directory, digest, report));
  std::filesystem::remove(path);
  std::filesystem::create_symlink(temporary / "other", path);
  CHECK_FALSE(load_object(directory, digest, report));
  CHECK(keep_object(directory, bytes, 1 << 20, report) == digest);  // replaces the link itself
  CHECK(load_object(directory, digest, report) == bytes);
}

TEST_CASE("objects: the least recently used are dropped over the limit") {
  const scratch temporary;
  const auto directory = opened(temporary);
  lathe::store_report report;
  lathe::sequence<std::string> digests;
  for (int n = 0; n < 3; ++n) {
    digests.push_back(keep_object(directory, sample_object(100, n), 1000, report));
    std::filesystem::last_write_time(
        temporary / (digests.back() + ".o"),
        std::filesystem::file_time_type::clock::now() - std::chrono::minutes(10 - n));
  }
  CHECK(load_object(directory, digests[0], report));  // now the most recently used
  const auto last = keep_object(directory, sample_object(100, 9), 300, report);
  CHECK(load_object(directory, digests[0], report));
  CHECK_FALSE(load_object(directory, digests[1], report));
  CHECK(load_object(directory, digests[2], report));
  CHECK(load_object(directory, last, report));
  CHECK(report.messages.empty());
  CHECK(keep_object(directory, sample_object(301, 1), 300, report).empty());
  CHECK(says(report, "LATHE-E404"));
  CHECK(object_digests(directory).size() == 3);
}
