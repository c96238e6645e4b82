#include <lathe/measure/trial.hpp>
#include <lathe/target/cpu/host.hpp>

#include <cstring>
#include <doctest/doctest.h>
#include <set>

using namespace lathe;

namespace {

constexpr std::int64_t elements = 1000;

/// bind() copies A to the workspace S; a call copies S to C and leaves S's address in C's start.
const char* const copying_kernel =
    "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
    "define void @bind(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
    "  %a = load ptr, ptr %buffers\n"
    "  %s.at = getelementptr ptr, ptr %buffers, i64 2\n"
    "  %s = load ptr, ptr %s.at\n"
    "  call void @llvm.memcpy.p0.p0.i64(ptr %s, ptr %a, i64 8000, i1 false)\n"
    "  ret void\n"
    "}\n"
    "define void @call(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
    "  %c.at = getelementptr ptr, ptr %buffers, i64 1\n"
    "  %c = load ptr, ptr %c.at\n"
    "  %s.at = getelementptr ptr, ptr %buffers, i64 2\n"
    "  %s = load ptr, ptr %s.at\n"
    "  call void @llvm.memcpy.p0.p0.i64(ptr %c, ptr %s, i64 8000, i1 false)\n"
    "  store ptr %s, ptr %c\n"
    "  ret void\n"
    "}\n";

}  // namespace

TEST_CASE("trial: timing takes every set of arguments, each with its own bound copy") {
  kernel_plan plan;
  plan.buffers = {{"A", dtype::f64, elements, true},
                  {"C", dtype::f64, elements, true, true},
                  {"S", dtype::f64, elements, false, false, false, true}};
  plan.phases = {{"bind", 1, false, true}, {"call"}};
  argument_set arguments(plan);
  random_engine engine(1);
  fill_exact(arguments[0].memory.data(), dtype::f64, elements, 2, engine);
  const int sets = 3;
  arguments.make_sets(sets);
  arguments.seal_inputs();

  const native::jit compiler = native::jit::create(*native::host_target()).value();
  const lathe::sequence<std::byte> object = compiler.compile(copying_kernel).value();
  kernel_trial trial =
      kernel_trial::create(compiler, plan, object, arguments, 1, native::serial_parallel_for())
          .value();
  trial.run_afresh();
  CHECK(trial.time({}).samples.size() >= 3);

  std::set<void*> copies;
  for (int set = 0; set < sets; ++set) {
    const auto* output = static_cast<const std::byte*>(arguments.address(set, 1));
    void* source = nullptr;
    std::memcpy(&source, output, sizeof source);
    copies.insert(source);
    const auto* input = static_cast<const std::byte*>(arguments.address(set, 0));
    CHECK(std::memcmp(output + sizeof source, input + sizeof source,
                      8 * elements - sizeof source) == 0);
  }
  CHECK(copies.size() == sets);
  CHECK(trial.damage() == "");
}
