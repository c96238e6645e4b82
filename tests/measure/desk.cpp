#include <lathe/measure/desk.hpp>

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace lathe;

TEST_CASE("desk: plan and object arrive as they were sent") {
  kernel_plan plan;
  plan.scratch_bytes = 4096;
  plan.buffers = {{"A", dtype::f64, 12, true, false, true, false},
                  {"Wp", dtype::i8, 1 << 20, false, false, false, true}};
  plan.phases = {{"phase0", 17, true, false}, {"bind0", 1, false, true}};
  const std::vector<std::byte> object(1234, std::byte{42});
  desk table;
  REQUIRE(table.put(plan, object));

  const kernel_plan received = table.plan();
  CHECK(received.scratch_bytes == 4096);
  REQUIRE(received.buffers.size() == 2);
  CHECK(received.buffers[0].name == "A");
  CHECK(received.buffers[0].type == dtype::f64);
  CHECK(received.buffers[0].elements == 12);
  CHECK(received.buffers[0].param);
  CHECK_FALSE(received.buffers[0].output);
  CHECK(received.buffers[0].scalar);
  CHECK(received.buffers[1].bound);
  CHECK(received.buffers[1].elements == 1 << 20);
  REQUIRE(received.phases.size() == 2);
  CHECK(received.phases[0].symbol == "phase0");
  CHECK(received.phases[0].tasks == 17);
  CHECK(received.phases[0].parallel);
  CHECK(received.phases[1].bind_only);
  CHECK(std::vector<std::byte>(table.object().begin(), table.object().end()) == object);
}

TEST_CASE("desk: what does not fit is refused") {
  desk table;
  CHECK_FALSE(table.put({}, std::vector<std::byte>(desk::room)));
  CHECK(table.put({}, std::vector<std::byte>(1 << 20)));
}

TEST_CASE("desk: long reasons are cut, many samples are kept in part") {
  desk table;
  table.reply_failure(failure::compile, std::string(2000, 'x'));
  CHECK(std::string(table.page().reason.data()).size() == table.page().reason.size() - 1);
  timing times;
  times.samples.assign(1000, 0.5);
  times.hopeless = true;
  table.reply_times(times);
  CHECK(table.page().failed == failure::none);
  CHECK(table.page().sample_count == 256);
  CHECK(table.page().samples[255] == 0.5);
  CHECK(table.page().hopeless);
}
