#include <lathe/store/directory.hpp>

#include "store/scratch.hpp"
#include <cerrno>
#include <sys/stat.h>

using namespace store_test;
using lathe::detail::store_directory;

TEST_CASE("directory: made with mode 0700, parents included") {
  const scratch temporary;
  const auto opened = store_directory::open(temporary / "a/b/c", true);
  REQUIRE(opened);
  struct stat entry {};
  REQUIRE(::stat((temporary / "a/b/c").c_str(), &entry) == 0);
  CHECK((entry.st_mode & 07777) == 0700);
  CHECK_FALSE(store_directory::open(temporary / "missing", false));
}

TEST_CASE("directory: links, other kinds and writable ones are refused") {
  const scratch temporary;
  std::filesystem::create_directory(temporary / "real");
  std::filesystem::create_directory_symlink(temporary / "real", temporary / "link");
  CHECK_FALSE(store_directory::open(temporary / "link", true));
  CHECK_FALSE(store_directory::open(temporary / "link/", true));
  write_file(temporary / "file", "");
  CHECK_FALSE(store_directory::open(temporary / "file", true));
  REQUIRE(::mkfifo((temporary / "fifo").c_str(), 0600) == 0);
  CHECK_FALSE(store_directory::open(temporary / "fifo", true));
  for (const mode_t mode : {0777U, 0770U, 0702U, 01777U}) {
    REQUIRE(::chmod((temporary / "real").c_str(), mode) == 0);
    const auto opened = store_directory::open(temporary / "real", true);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().id() == "LATHE-E401");
  }
  REQUIRE(::chmod((temporary / "real").c_str(), 0755) == 0);
  CHECK(store_directory::open(temporary / "real", true));
}

TEST_CASE("directory: one that belongs to somebody else is refused") {
  if (::geteuid() != 0) return;  // only root can give a directory away
  const scratch temporary;
  std::filesystem::create_directory(temporary / "foreign");
  REQUIRE(::chown((temporary / "foreign").c_str(), 12345, 12345) == 0);
  CHECK_FALSE(store_directory::open(temporary / "foreign", true));
}

TEST_CASE("directory: files of the wrong kind are refused, without blocking") {
  const scratch temporary;
  auto opened = store_directory::open(temporary.path, false);
  REQUIRE(opened);
  const store_directory& directory = *opened;
  write_file(temporary / "good", "0123456789");
  CHECK(directory.read("good", 4, 100).bytes == "456789");
  CHECK(directory.read("good", 99, 100).bytes == "0123456789");
  CHECK(directory.read("good", 0, 9).refused);
  CHECK(directory.read("missing", 0, 9).error == ENOENT);
  std::filesystem::create_symlink(temporary / "good", temporary / "symlink");
  CHECK(directory.read("symlink", 0, 100).refused);
  REQUIRE(::mkfifo((temporary / "fifo").c_str(), 0600) == 0);
  CHECK(directory.read("fifo", 0, 100).refused);
  std::filesystem::create_directory(temporary / "folder");
  CHECK(directory.read("folder", 0, 100).refused);
  std::filesystem::create_hard_link(temporary / "good", temporary / "hardlink");
  CHECK(directory.read("hardlink", 0, 100).refused);
  CHECK(directory.read("good", 0, 100).refused);
  std::filesystem::remove(temporary / "hardlink");
  REQUIRE(::chmod((temporary / "good").c_str(), 0666) == 0);
  CHECK(directory.read("good", 0, 100).refused);
}

TEST_CASE("directory: a directory swapped after opening changes nothing") {
  const scratch temporary;
  std::filesystem::create_directory(temporary / "cache");
  REQUIRE(::chmod((temporary / "cache").c_str(), 0700) == 0);
  write_file(temporary / "cache/file", "mine");
  auto opened = store_directory::open(temporary / "cache", false);
  REQUIRE(opened);
  std::filesystem::rename(temporary / "cache", temporary / "moved");
  std::filesystem::create_directory(temporary / "cache");
  write_file(temporary / "cache/file", "theirs");
  CHECK((*opened).read("file", 0, 100).bytes == "mine");
}

TEST_CASE("directory: replace leaves the old content or the new, and no temporary files") {
  const scratch temporary;
  auto opened = store_directory::open(temporary.path, false);
  REQUIRE(opened);
  CHECK((*opened).replace("file", "one") == 0);
  CHECK((*opened).replace("file", "two") == 0);
  CHECK(read_file(temporary / "file") == "two");
  CHECK((*opened).names() == lathe::sequence<std::string>{"file"});
  int failure = 0;
  CHECK_FALSE((*opened).create("file", failure));
  CHECK(failure == EEXIST);
  CHECK((*opened).remove("file") == 0);
  CHECK((*opened).remove("file") == 0);
}
