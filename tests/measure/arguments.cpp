#include <lathe/measure/arguments.hpp>

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
