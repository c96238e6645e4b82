#include <lathe/target/plan.hpp>

#include "host_jit.hpp"
#include "sanitizer.hpp"
#include <cstdint>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace lathe;

namespace {

// Adds [begin, end) of buffers 0 and 1 into buffer 2: the shape of every exported phase.
constexpr const char* add_vectors = R"(
define void @phase0(ptr nocapture readonly %buffers, ptr %scratch, i64 %begin, i64 %end) nounwind {
entry:
  %a = load ptr, ptr %buffers
  %pb = getelementptr inbounds ptr, ptr %buffers, i64 1
  %b = load ptr, ptr %pb
  %pc = getelementptr inbounds ptr, ptr %buffers, i64 2
  %c = load ptr, ptr %pc
  br label %loop
loop:
  %i = phi i64 [ %begin, %entry ], [ %next, %loop ]
  %qa = getelementptr inbounds <4 x float>, ptr %a, i64 %i
  %qb = getelementptr inbounds <4 x float>, ptr %b, i64 %i
  %qc = getelementptr inbounds <4 x float>, ptr %c, i64 %i
  %va = load <4 x float>, ptr %qa, align 4
  %vb = load <4 x float>, ptr %qb, align 4
  %vc = fadd <4 x float> %va, %vb
  store <4 x float> %vc, ptr %qc, align 4
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %end
  br i1 %more, label %loop, label %done
done:
  ret void
}
)";

std::string constant(const std::string& name, int value) {
  return "define i32 @" + name + "() nounwind {\n  ret i32 " + std::to_string(value) + "\n}\n";
}

/// Resident memory of this process [bytes].
long resident_bytes() {
  long total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// Unloaded after main, when LLVM may already be torn down: must not crash.
native::loaded_object& kept_until_exit() {
  static native::loaded_object object;
  return object;
}

}  // namespace

TEST_CASE("jit: a phase adds vectors on every instruction set of the machine") {
  for (const isa set : test::executable_isas()) {
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    const auto object = test::load(*compiler, add_vectors);
    auto* phase = test::function<std::remove_pointer_t<phase_function>>(object, "phase0");
    std::vector<float> a(40), b(40), c(40, -1.f);
    for (int i = 0; i < 40; ++i) {
      a[i] = static_cast<float>(i);
      b[i] = static_cast<float>(100 * i);
    }
    void* buffers[] = {a.data(), b.data(), c.data()};
    phase(buffers, nullptr, 2, 9);
    for (int i = 0; i < 40; ++i) CHECK(c[i] == (i >= 8 && i < 36 ? 101.f * a[i] : -1.f));
  }
}

TEST_CASE("jit: text that does not parse is an error with LLVM's message") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto object = compiler->compile("define void @f( {");
  REQUIRE_FALSE(object.has_value());
  CHECK(object.error().id() == "LATHE-E304");
  CHECK(object.error().text().find("kernel.ll:1:") != std::string::npos);
  CHECK_FALSE(compiler->compile("\x7f binary nonsense").has_value());
}

TEST_CASE("jit: text that parses but is not valid IR is an error") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto object = compiler->compile(
      "define i32 @f() {\n  %a = add i32 %b, 1\n  %b = add i32 %a, 1\n  ret i32 %b\n}\n");
  REQUIRE_FALSE(object.has_value());
  CHECK(object.error().id() == "LATHE-E305");
  CHECK(object.error().text().find("dominate") != std::string::npos);
}

TEST_CASE("jit: a pipeline LLVM does not know is an error") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  native::compile_options options;
  options.pipeline = "function(no-such-pass)";
  const auto object = compiler->compile(constant("f", 1), options);
  REQUIRE_FALSE(object.has_value());
  CHECK(object.error().id() == "LATHE-E306");
  options.pipeline = "";
  CHECK(compiler->compile(constant("f", 1), options).has_value());
}

TEST_CASE("jit: what code generation cannot do is an error, not an exit") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto object = compiler->compile(
      "define void @f() {\n  call void asm sideeffect \"no_such_instruction\", \"\"()\n"
      "  ret void\n}\n");
  REQUIRE_FALSE(object.has_value());
  CHECK(object.error().id() == "LATHE-E307");
}

TEST_CASE("jit: bytes that are no object file are an error") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const std::vector<std::byte> nonsense(100, std::byte{42});
  const auto loaded = compiler->load(nonsense);
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().id() == "LATHE-E308");
  CHECK_FALSE(compiler->load({}).has_value());
}

TEST_CASE("jit: missing symbols are named") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto object = test::load(*compiler,
                                 "declare i32 @not_there_at_all()\n"
                                 "define i32 @f() {\n  %r = call i32 @not_there_at_all()\n"
                                 "  ret i32 %r\n}\n");
  const auto missing = object.lookup("g");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().id() == "LATHE-E309");
  CHECK(missing.error().text().find("[ g ]") != std::string::npos);
  const auto external = object.lookup("f");
  REQUIRE_FALSE(external.has_value());
  CHECK(external.error().text().find("not_there_at_all") != std::string::npos);
  CHECK(external.error().text().find("-rdynamic") != std::string::npos);
}

TEST_CASE("jit: objects with equal symbols live side by side") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto one = test::load(*compiler, constant("phase0", 1));
  auto two = test::load(*compiler, constant("phase0", 2));
  CHECK(test::function<int()>(one, "phase0")() == 1);
  CHECK(test::function<int()>(two, "phase0")() == 2);
  two = test::load(*compiler, constant("phase0", 3));
  CHECK(test::function<int()>(two, "phase0")() == 3);
  CHECK(test::function<int()>(one, "phase0")() == 1);
}

TEST_CASE("jit: object bytes can be loaded by another session, as from a file") {
  const auto first = test::host_jit();
  if (!first) return;
  const auto bytes = first->compile(constant("answer", 42));
  REQUIRE(bytes.has_value());
  const std::vector<std::byte> copy(bytes->begin(), bytes->end());
  const auto second = test::host_jit();
  CHECK(second->code_fingerprint() == first->code_fingerprint());
  const auto loaded = second->load(copy);
  REQUIRE(loaded.has_value());
  CHECK(test::function<int()>(*loaded, "answer")() == 42);
}

TEST_CASE("jit: a loaded object outlives the jit, and main") {
  {
    const auto compiler = test::host_jit();
    if (!compiler) return;
    kept_until_exit() = test::load(*compiler, constant("late", 7));
  }
  CHECK(test::function<int()>(kept_until_exit(), "late")() == 7);
}

TEST_CASE("jit: code calls functions of the process and those given to define()") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  int (*const twice)(int) = [](int x) { return 2 * x; };
  REQUIRE(compiler->define("twice_of_the_test", reinterpret_cast<void*>(twice)).has_value());
  CHECK(compiler->define("twice_of_the_test", reinterpret_cast<void*>(twice)).has_value());
  const auto clash = compiler->define("twice_of_the_test", nullptr);
  REQUIRE_FALSE(clash.has_value());
  CHECK(clash.error().id() == "LATHE-E310");
  const auto object = test::load(*compiler, R"(
declare i32 @twice_of_the_test(i32)
declare i64 @strlen(ptr)
define i32 @call_defined(i32 %x) {
  %r = call i32 @twice_of_the_test(i32 %x)
  ret i32 %r
}
define i64 @call_libc(ptr %text) {
  %r = call i64 @strlen(ptr %text)
  ret i64 %r
}
)");
  CHECK(test::function<int(int)>(object, "call_defined")(21) == 42);
  CHECK(test::function<std::size_t(const char*)>(object, "call_libc")("four") == 4);
}

TEST_CASE("jit: assembly text shows the target's vectors") {
  for (const isa set : test::executable_isas()) {
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    const auto text = compiler->assembly(
        "define <16 x float> @f(<16 x float> %a, <16 x float> %b) {\n"
        "  %r = fadd <16 x float> %a, %b\n  ret <16 x float> %r\n}\n");
    REQUIRE(text.has_value());
    const char* wide = set == isa::avx512 ? "zmm" : set == isa::avx2 ? "ymm" : "xmm";
    CHECK_MESSAGE(text->find(wide) != std::string::npos, *text);
  }
}

TEST_CASE("jit: several threads compile, load and unload at once") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  constexpr int threads = 4, rounds = 20;
  int wrong[threads] = {};
  {
    std::vector<std::jthread> team;
    for (int t = 0; t < threads; ++t)
      team.emplace_back([&, t] {
        for (int n = 0; n < rounds; ++n) {
          const int value = 1000 * t + n;
          const auto object = compiler->compile(constant("phase0", value));
          if (!object) {
            ++wrong[t];
            continue;
          }
          const auto loaded = compiler->load(*object);
          const auto address = loaded ? loaded->lookup("phase0") : lathe::error("", "");
          if (!address || reinterpret_cast<int (*)()>(*address)() != value) ++wrong[t];
        }
      });
  }
  for (const int count : wrong) CHECK(count == 0);
}

// One thread's lookup must not run another's: its answer would come after the call returned.
TEST_CASE("jit: several threads link at once, each its own object") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  constexpr int threads = 4, rounds = 300;
  int wrong[threads] = {};
  {
    std::vector<std::jthread> team;
    for (int t = 0; t < threads; ++t)
      team.emplace_back([&, t] {
        const auto object = compiler->compile(constant("phase0", t));
        for (int n = 0; n < rounds; ++n) {
          const auto loaded = compiler->load(*object);
          const auto address = loaded ? loaded->lookup("phase0") : lathe::error("", "");
          if (!address || reinterpret_cast<int (*)()>(*address)() != t) ++wrong[t];
        }
      });
  }
  for (const int count : wrong) CHECK(count == 0);
}

TEST_CASE("jit: memory stays flat over many variants") {
  if (test::address_sanitizer) {
    MESSAGE("[SKIP] AddressSanitizer keeps freed memory");
    return;
  }
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto variants = [&](int from, int to) {
    for (int n = from; n < to; ++n) {
      const std::string name = "variant" + std::to_string(n);
      const auto object = test::load(*compiler, add_vectors + constant(name, n));
      REQUIRE(test::function<int()>(object, name)() == n);
    }
  };
  // LATHE_TEST_VARIANTS=2000 makes this the nightly run.
  const char* wanted = std::getenv("LATHE_TEST_VARIANTS");
  const int last = wanted != nullptr ? std::atoi(wanted) : 200;
  variants(0, 100);
  const long before = resident_bytes();
  variants(100, 100 + last);
  const long growth = resident_bytes() - before;
  // Without unloading, each variant keeps about 19 kB.
  CHECK_MESSAGE(growth < 1024 * 1024, "grew by ", growth, " bytes");
}
