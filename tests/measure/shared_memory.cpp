#include <lathe/measure/shared_memory.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

using namespace lathe;

TEST_CASE("shared memory: two mappings of one file hold the same bytes") {
  auto made = shared_memory::create(10000);
  REQUIRE(made.has_value());
  shared_memory first = std::move(made).value();
  CHECK(first.bytes() == 10000);
  CHECK(first.data()[9999] == std::byte{0});
  auto attached = shared_memory::attach(::dup(first.file()));
  REQUIRE(attached.has_value());
  CHECK(attached->bytes() == 10000);
  first.data()[9999] = std::byte{7};
  CHECK(attached->data()[9999] == std::byte{7});
  // Programs that others of this process start do not inherit it.
  CHECK((::fcntl(first.file(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("shared memory: what cannot be mapped is LATHE-E501") {
  CHECK(shared_memory::create(-1).error().id() == "LATHE-E501");
  CHECK(shared_memory::attach(-1).error().id() == "LATHE-E501");
}
