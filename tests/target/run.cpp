#include <lathe/target/cpu/run.hpp>

#include "host_jit.hpp"
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <doctest/doctest.h>
#include <vector>

using namespace lathe;

namespace {

// Phases written in C++: what the jit exports has the same signature.
void square_rows(void* const* buffers, void* scratch, std::int64_t begin, std::int64_t end) {
  const auto* in = static_cast<const int*>(buffers[0]);
  auto* out = static_cast<int*>(buffers[1]);
  auto* private_row = static_cast<int*>(scratch);
  for (std::int64_t row = begin; row < end; ++row) {
    for (int n = 0; n < 8; ++n) private_row[n] = in[8 * row + n];
    for (int n = 0; n < 8; ++n) out[8 * row + n] = private_row[n] * private_row[n];
  }
}

void sum_all(void* const* buffers, void*, std::int64_t begin, std::int64_t end) {
  const auto* in = static_cast<const int*>(buffers[1]);
  auto* out = static_cast<int*>(buffers[2]);
  out[0] = 0;
  for (std::int64_t n = 8 * 100 * begin; n < 8 * 100 * end; ++n) out[0] += in[n];
}

void add_one(void* const* buffers, void*, std::int64_t, std::int64_t) {
  ++*static_cast<int*>(buffers[0]);
}

kernel_plan rows_then_sum() {
  kernel_plan plan;
  plan.phases = {{"rows", 100, true, false}, {"sum", 1, false, false}};
  plan.scratch_bytes = 8 * sizeof(int);
  return plan;
}

}  // namespace

TEST_CASE("run: phases follow each other with a barrier, workers have their own scratch") {
  const kernel_plan plan = rows_then_sum();
  const phase_function phases[] = {square_rows, sum_all};
  for (const int threads : {1, 2, 5}) {
    std::vector<int> in(800), squares(800, -1);
    for (int n = 0; n < 800; ++n) in[n] = n % 13;
    int sum = 0, expected = 0;
    for (const int value : in) expected += value * value;
    void* buffers[] = {in.data(), squares.data(), &sum};
    const std::int64_t bytes = native::scratch_bytes(plan, threads);
    CHECK(bytes == 64 * threads);
    std::vector<std::byte> scratch(bytes);
    for (int round = 0; round < 50; ++round) {
      sum = -1;
      native::run_plan(plan, phases, buffers, scratch.data(), threads,
                       native::default_parallel_for());
      CHECK(sum == expected);
    }
  }
}

TEST_CASE("run: bind-only phases run in bind() only") {
  kernel_plan plan;
  plan.phases = {{"pack", 1, false, true}, {"compute", 1, false, false}};
  const phase_function phases[] = {[](void* const* buffers, void*, std::int64_t, std::int64_t) {
                                     *static_cast<int*>(buffers[0]) += 10;
                                   },
                                   add_one};
  int count = 0;
  void* buffers[] = {&count};
  native::run_plan(plan, phases, buffers, nullptr, 1, native::serial_parallel_for(),
                   native::plan_part::bind);
  CHECK(count == 10);
  native::run_plan(plan, phases, buffers, nullptr, 1, native::serial_parallel_for());
  CHECK(count == 11);
}

TEST_CASE("run: a plan's phases are found in the loaded object") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto object = test::load(*compiler, R"(
define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) nounwind {
  %out = load ptr, ptr %buffers
  %size = sub i64 %end, %begin
  store i64 %size, ptr %out
  ret void
}
)");
  kernel_plan plan;
  plan.phases = {{"phase0", 17, false, false}};
  const auto phases = native::phase_functions(plan, object);
  REQUIRE(phases.has_value());
  std::int64_t size = 0;
  void* buffers[] = {&size};
  native::run_plan(plan, *phases, buffers, nullptr, 4, native::default_parallel_for());
  CHECK(size == 17);
  plan.phases.push_back({"phase1", 1, false, false});
  const auto missing = native::phase_functions(plan, object);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().id() == "LATHE-E309");
}

TEST_CASE("run: one serial phase costs less than 100 ns over a plain call") {
  kernel_plan plan;
  plan.phases = {{"one", 1, false, false}};
  const phase_function phases[] = {add_one};
  const auto hook = native::default_parallel_for();
  int count = 0;
  void* buffers[] = {&count};
  double best_ns = 1e9;
  for (int repeat = 0; repeat < 200; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (int n = 0; n < 100; ++n) native::run_plan(plan, phases, buffers, nullptr, 1, hook);
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    best_ns = std::min(best_ns, time.count() / 100);
  }
  CHECK(count == 20000);
  CHECK(best_ns < 100);
}
