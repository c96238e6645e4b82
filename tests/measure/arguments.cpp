#include <lathe/measure/arguments.hpp>

#include <cstring>
#include <doctest/doctest.h>

using namespace lathe;

namespace {

kernel_plan plan_of_two() {
  kernel_plan plan;
  plan.buffers = {
      {"A", dtype::f32, 10, true}, {"w", dtype::f32, 1000}, {"C", dtype::i32, 7, true, true}};
  return plan;
}

}  // namespace

TEST_CASE("arguments: one buffer per parameter, none per workspace") {
  argument_set arguments(plan_of_two());
  REQUIRE(arguments.size() == 2);
  CHECK(arguments[0].what.name == "A");
  CHECK(arguments[0].memory.size() == 40);
  CHECK(arguments[1].what.name == "C");
  CHECK(arguments[1].memory.size() == 28);
}

TEST_CASE("arguments: damage is named, outputs are reset") {
  argument_set arguments(plan_of_two());
  arguments.seal_inputs();
  CHECK(arguments.damage() == "");
  arguments[1].memory.data()[0] = std::byte{1};
  CHECK(arguments.damage() == "");  // outputs may change
  arguments.reset_outputs();
  CHECK(count_untouched(arguments[1].memory.data(), dtype::i32, 7) == 7);

  arguments[1].memory.data()[-1] = std::byte{1};
  CHECK(arguments.damage() == "wrote outside C");
  arguments.reset_outputs();
  CHECK(arguments.damage() == "");

  arguments[0].memory.data()[3] ^= std::byte{1};
  CHECK(arguments.damage() == "changed its input A");
}

TEST_CASE("arguments: further sets are copies in memory of their own") {
  argument_set arguments(plan_of_two());
  CHECK(arguments.bytes() == 68);
  CHECK(arguments.sets() == 1);
  std::memset(arguments[0].memory.data(), 3, 40);
  arguments.make_sets(3);
  REQUIRE(arguments.sets() == 3);
  CHECK(arguments.address(0, 0) == arguments[0].memory.data());
  CHECK(arguments.address(1, 0) != arguments.address(2, 0));
  for (int set = 1; set < 3; ++set)
    CHECK(std::memcmp(arguments.address(set, 0), arguments[0].memory.data(), 40) == 0);
}

TEST_CASE("arguments: sets rotate where one does not fit into L2") {
  cpu_target target;
  target.l2_bytes = 1 << 20;
  target.l3_bytes = 32 << 20;
  constexpr std::int64_t megabyte = 1 << 20;
  CHECK(rotating_sets(megabyte, target) == 1);
  CHECK(rotating_sets(megabyte + 1, target) == 4);
  CHECK(rotating_sets(16 * megabyte, target) == 3);
  CHECK(rotating_sets(20 * megabyte, target) == 2);
  CHECK(rotating_sets(33 * megabyte, target) == 1);
  target.l3_bytes = 1024 * megabyte;
  CHECK(rotating_sets(300 * megabyte, target) == 1);  // two would be too much memory
  CHECK(rotating_sets(200 * megabyte, target) == 2);
}
