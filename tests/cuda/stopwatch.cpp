#include <lathe/target/cuda/stopwatch.hpp>

#include "gpu.hpp"
#include "texts.hpp"
#include <doctest/doctest.h>
#include <vector>

using namespace lathe;

namespace {

/// What is timed: `memory` is filled, and calls are counted.
struct filling {
  gpu::context in;
  gpu::device_memory memory;
  int calls = 0;
  int fails_at = -1;
};

result<bool> enqueue(void* self, gpu::driver::stream* stream) {
  auto& of = *static_cast<filling*>(self);
  if (of.calls++ == of.fails_at) return error("LATHE-E338", "as asked");
  return gpu::fill(of.in, of.memory.address(), of.memory.bytes(), 1, stream);
}

filling make_filling(std::int64_t bytes) {
  const gpu::context in = test::gpu_context();
  return {in, gpu::device_memory::allocate(in, bytes).value()};
}

}  // namespace

TEST_CASE("stopwatch: more work takes longer, in both states of the cache") {
  filling little = make_filling(4 << 10), much = make_filling(64 << 20);
  for (const gpu::l2_state cache : {gpu::l2_state::warm, gpu::l2_state::flushed}) {
    auto watch = gpu::stopwatch::create(test::gpu_context(), cache);
    REQUIRE(watch.has_value());
    const auto few = watch->seconds(3, enqueue, &little), many = watch->seconds(3, enqueue, &much);
    REQUIRE(few.has_value());
    REQUIRE(many.has_value());
    CHECK(*few > 0);
    CHECK(*many > *few);
  }
  // Warm, an untimed call goes first.
  CHECK(little.calls == 4 + 3);
}

TEST_CASE("stopwatch: a call that fails ends the timing with its error") {
  filling failing = make_filling(1 << 10);
  failing.fails_at = 2;
  auto watch = gpu::stopwatch::create(test::gpu_context());
  REQUIRE(watch.has_value());
  const auto seconds = watch->seconds(5, enqueue, &failing);
  REQUIRE_FALSE(seconds.has_value());
  CHECK(seconds.error().text() == "as asked");
  failing.fails_at = -1;
  CHECK(watch->seconds(5, enqueue, &failing).has_value());
}
