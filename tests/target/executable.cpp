#include <lathe/target/cpu/executable.hpp>

#include "host_jit.hpp"
#include "sanitizer.hpp"
#include <cstdint>
#include <doctest/doctest.h>
#include <utility>
#include <vector>

using namespace lathe;

namespace {

/// A kernel that does nothing, with one parameter and one workspace of `elements` f32.
kernel_plan plan_with_workspace(std::int64_t elements) {
  kernel_plan plan;
  plan.buffers = {{"A", dtype::f32, 1, true}, {"W", dtype::f32, elements}};
  plan.phases = {{"phase0", 1, false}};
  return plan;
}

const char* const idle_kernel =
    "define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n  ret void\n}\n";

}  // namespace

TEST_CASE("executable: workspaces begin on cache lines") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto object = compiler->compile(idle_kernel);
  REQUIRE(object.has_value());
  for (const auto& [elements, bytes] : {std::pair{1, 64}, {16, 64}, {17, 128}}) {
    kernel_plan plan = plan_with_workspace(elements);
    plan.scratch_bytes = 4;
    const auto made = native::executable::make(plan, *object, *compiler, 3, {});
    REQUIRE(made.has_value());
    CHECK(made->workspace_bytes() == 3 * 64 + bytes);
  }
}

TEST_CASE("executable: a workspace that the system does not have is an error with its size") {
  if (test::address_sanitizer) {
    MESSAGE("[SKIP] AddressSanitizer aborts where memory is short");
    return;
  }
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto object = compiler->compile(idle_kernel);
  REQUIRE(object.has_value());
  const auto made = native::executable::make(plan_with_workspace(std::int64_t{1} << 58), *object,
                                             *compiler, 1, native::serial_parallel_for());
  REQUIRE(made.has_value());
  float element = 0;
  void* const params[] = {&element};
  CHECK_THROWS_WITH_AS((*made)(params), doctest::Contains("[LATHE-E321] a kernel needs 1152921504"),
                       error);
}
