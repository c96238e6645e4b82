#include <lathe/measure/worker.hpp>
#include <lathe/target/cpu/host.hpp>

#include "sanitizer.hpp"
#include <algorithm>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <sys/resource.h>
#include <utility>

using namespace lathe;

namespace {

constexpr std::int64_t elements = 1000;

/// A kernel that computes C = A + B, written by hand; `before` runs first, with A, B, C as %a, %b,
/// %c and the value added to each result as %wrong.
std::string add_kernel(const std::string& before = "  %wrong = fadd float 0.0, 0.0\n") {
  return "define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
         "entry:\n"
         "  %a = load ptr, ptr %buffers\n"
         "  %b.at = getelementptr ptr, ptr %buffers, i64 1\n"
         "  %b = load ptr, ptr %b.at\n"
         "  %c.at = getelementptr ptr, ptr %buffers, i64 2\n"
         "  %c = load ptr, ptr %c.at\n" +
         before +
         "  br label %loop\n"
         "loop:\n"
         "  %i = phi i64 [ %begin, %entry ], [ %next, %loop ]\n"
         "  %a.i = getelementptr float, ptr %a, i64 %i\n"
         "  %b.i = getelementptr float, ptr %b, i64 %i\n"
         "  %c.i = getelementptr float, ptr %c, i64 %i\n"
         "  %x = load float, ptr %a.i\n"
         "  %y = load float, ptr %b.i\n"
         "  %sum = fadd float %x, %y\n"
         "  %result = fadd float %sum, %wrong\n"
         "  store float %result, ptr %c.i\n"
         "  %next = add i64 %i, 1\n"
         "  %more = icmp slt i64 %next, %end\n"
         "  br i1 %more, label %loop, label %done\n"
         "done:\n"
         "  ret void\n"
         "}\n";
}

/// A store of one float `offset` bytes from the start of a buffer, then the right computation.
std::string stray_store(const char* buffer, int offset) {
  return add_kernel("  %wrong = fadd float 0.0, 0.0\n  %stray = getelementptr i8, ptr " +
                    std::string(buffer) + ", i64 " + std::to_string(offset) +
                    "\n  store volatile float 1.0, ptr %stray\n");
}

const std::string endless_kernel =
    "define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
    "  br label %loop\n"
    "loop:\n"
    "  store volatile i64 1, ptr %buffers\n"
    "  br label %loop\n"
    "}\n";

const std::string trapping_kernel =
    "declare void @llvm.trap()\n"
    "define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
    "  call void @llvm.trap()\n"
    "  ret void\n"
    "}\n";

const std::string aborting_kernel =
    "declare void @abort()\n"
    "define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
    "  call void @abort()\n"
    "  ret void\n"
    "}\n";

const std::string recursing_kernel =
    "define i64 @deeper(i64 %n) {\n"
    "  %room = alloca [4096 x i8]\n"
    "  store volatile i64 %n, ptr %room\n"
    "  %next = add i64 %n, 1\n"
    "  %below = call i64 @deeper(i64 %next)\n"
    "  %value = load volatile i64, ptr %room\n"
    "  %sum = add i64 %value, %below\n"
    "  ret i64 %sum\n"
    "}\n"
    "define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
    "  %value = call i64 @deeper(i64 0)\n"
    "  store volatile i64 %value, ptr %buffers\n"
    "  ret void\n"
    "}\n";

const native::jit& compiler() {
  static const native::jit instance = native::jit::create(*native::host_target()).value();
  return instance;
}

kernel_plan add_plan() {
  kernel_plan plan;
  plan.buffers = {{"A", dtype::f32, elements, true},
                  {"B", dtype::f32, elements, true},
                  {"C", dtype::f32, elements, true, true}};
  plan.phases = {{"phase0", elements, true}};
  return plan;
}

/// Arguments, expected result and a worker for kernels that add two vectors.
struct fixture {
  kernel_plan plan = add_plan();
  argument_set arguments{plan};
  lathe::sequence<float> sums;
  expectation wanted;
  owner<worker> tester;

  explicit fixture(isolation isolate = isolation::process, int threads = 2) {
    random_engine engine(1);
    for (std::size_t n = 0; n < 2; ++n) {
      fill_exact(arguments[n].memory.data(), dtype::f32, elements, 2, engine);
    }
    arguments.seal_inputs();
    const auto* a = reinterpret_cast<const float*>(arguments[0].memory.data());
    const auto* b = reinterpret_cast<const float*>(arguments[1].memory.data());
    for (std::int64_t n = 0; n < elements; ++n) sums.push_back(a[n] + b[n]);
    wanted.name = "C";
    wanted.type = dtype::f32;
    wanted.extents = {elements};
    wanted.expected = std::as_bytes(std::span(sums));
    tester = worker::create(compiler(), arguments, {isolate, threads}).value();
  }

  measurement measure(const std::string& text, const measure_options& options = {}) {
    const lathe::sequence<std::byte> object = compiler().compile(text).value();
    return tester->measure(plan, object, {&wanted, 1}, options);
  }
};

struct unisolated_fixture : fixture {
  unisolated_fixture() : fixture(isolation::none) {}
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "worker: a right kernel gets a time") {
  const measurement good = measure(add_kernel());
  CHECK(good.reason == "");
  REQUIRE(good.ok());
  CHECK(good.samples.size() >= 3);
  CHECK(good.seconds() > 0);
  CHECK(good.seconds() < 0.01);
  CHECK(good.compile_seconds > 0);
  CHECK(good.check_seconds > 0);
  CHECK(good.run_seconds > 0);
}

TEST_CASE_FIXTURE(fixture, "worker: many kernels share one child process") {
  for (int n = 0; n < 50; ++n) CHECK(measure(add_kernel()).ok());
  CHECK(tester->starts() == 1);
}

TEST_CASE_FIXTURE(fixture, "worker: a wrong answer is named") {
  const measurement wrong = measure(add_kernel("  %wrong = fadd float 1.0, 0.0\n"));
  CHECK(wrong.failed == failure::wrong_answer);
  CHECK(wrong.reason.starts_with("C[0]: expected "));
  CHECK(wrong.reason.ends_with("1000 of 1000 wrong"));
}

TEST_CASE_FIXTURE(fixture, "worker: stray writes are caught and attributed") {
  measurement stray = measure(stray_store("%c", 4 * elements));
  CHECK(stray.failed == failure::crash);
  CHECK(stray.reason == "SIGSEGV: accessed C 0 bytes behind its end");
  stray = measure(stray_store("%c", -4));
  CHECK(stray.failed == failure::wrong_answer);
  CHECK(stray.reason == "wrote outside C");
  stray = measure(stray_store("%c", -4096 - 8));
  CHECK(stray.failed == failure::crash);
  stray = measure(stray_store("%a", 40));
  CHECK(stray.failed == failure::crash);
  CHECK(stray.reason == "SIGSEGV: wrote to its input A");
  CHECK(measure(add_kernel()).ok());
}

TEST_CASE_FIXTURE(fixture, "worker: a crash of several threads at once is attributed") {
  // Both threads wait for each other (or a millisecond), then write behind C.
  const std::string both =
      "@arrived = internal global i64 0\n"
      "define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
      "entry:\n"
      "  %c.at = getelementptr ptr, ptr %buffers, i64 2\n"
      "  %c = load ptr, ptr %c.at\n"
      "  %stray = getelementptr i8, ptr %c, i64 4000\n"
      "  %before = atomicrmw add ptr @arrived, i64 1 seq_cst\n"
      "  br label %wait\n"
      "wait:\n"
      "  %n = phi i64 [ 0, %entry ], [ %next, %wait ]\n"
      "  %next = add i64 %n, 1\n"
      "  %there = load atomic i64, ptr @arrived seq_cst, align 8\n"
      "  %all = icmp sge i64 %there, 2\n"
      "  %late = icmp sge i64 %n, 1000000\n"
      "  %go = or i1 %all, %late\n"
      "  br i1 %go, label %crash, label %wait\n"
      "crash:\n"
      "  store volatile float 1.0, ptr %stray\n"
      "  ret void\n"
      "}\n";
  const sequence<std::byte> object = compiler().compile(both).value();
  int attributed = 0;
  for (int n = 0; n < 50; ++n) {
    const measurement crash = tester->measure(plan, object, {&wanted, 1});
    attributed += crash.reason == "SIGSEGV: accessed C 0 bytes behind its end" ? 1 : 0;
  }
  CHECK(attributed == 50);
}

TEST_CASE_FIXTURE(fixture, "worker: crashes are named") {
  CHECK(measure(trapping_kernel).reason == "SIGILL");
  CHECK(measure(aborting_kernel).reason == "SIGABRT");
  // In a third of the runs under AddressSanitizer the fault lies outside of the main stack.
  const std::string overflow = measure(recursing_kernel).reason;
  CHECK(overflow.starts_with("SIGSEGV: "));
  if (!test::address_sanitizer) CHECK(overflow == "SIGSEGV: stack overflow");
  for (const std::string& text : {trapping_kernel, aborting_kernel, recursing_kernel}) {
    CHECK(measure(text).failed == failure::crash);
  }
  CHECK(measure(add_kernel()).ok());
}

TEST_CASE_FIXTURE(fixture, "worker: a kernel that does not end is ended in time") {
  measure_options options;
  options.time_limit = 0.05;
  CHECK(measure(add_kernel(), options).ok());
  const lathe::sequence<std::byte> object = compiler().compile(endless_kernel).value();
  const double begin = monotonic_seconds();
  const measurement late = tester->measure(plan, object, {&wanted, 1}, options);
  const double spent = monotonic_seconds() - begin;
  CHECK(late.failed == failure::timeout);
  CHECK(late.reason == "not done after 0.05 s");
  CHECK(spent < 1);  // well before the child's own alarm, however busy the machine is
  CHECK(measure(add_kernel()).ok());
}

TEST_CASE_FIXTURE(fixture, "worker: a kernel far behind the best is cut off early, as slow") {
  measure_options options;
  options.time_limit = 30;
  options.slow_limit = 0.05;
  options.timing.best_seconds = 1e-6;
  const measurement slow = measure(endless_kernel, options);
  CHECK(slow.failed == failure::slow);
  CHECK(slow.reason == "not done after 0.05 s, the best so far takes 1e-06 s");
  options.timing.best_seconds = std::numeric_limits<double>::infinity();
  CHECK(measure(add_kernel(), options).ok());
  options.time_limit = 0.04;
  CHECK(measure(endless_kernel, options).failed == failure::timeout);
}

TEST_CASE_FIXTURE(fixture, "worker: 100 hostile kernels leave the host and its inputs alone") {
  const std::string hostile[] = {stray_store("%c", 4 * elements),
                                 endless_kernel,
                                 trapping_kernel,
                                 aborting_kernel,
                                 add_kernel("  %wrong = fadd float 1.0, 0.0\n"),
                                 stray_store("%b", 0),
                                 recursing_kernel};
  const failure expected[] = {failure::crash, failure::timeout,      failure::crash,
                              failure::crash, failure::wrong_answer, failure::crash,
                              failure::crash};
  lathe::sequence<lathe::sequence<std::byte>> objects;
  for (const std::string& text : hostile) objects.push_back(compiler().compile(text).value());
  int survived = 0;
  for (std::size_t n = 0; n < 100; ++n) {
    const std::size_t which = n % std::size(hostile);
    measure_options options;
    if (expected[which] == failure::timeout) options.time_limit = 0.02;
    const measurement bad = tester->measure(plan, objects[which], {&wanted, 1}, options);
    survived += bad.failed == expected[which] ? 1 : 0;
  }
  CHECK(survived == 100);
  CHECK(arguments.damage() == "");
  CHECK(measure(add_kernel()).ok());
}

TEST_CASE_FIXTURE(fixture, "worker: results that come and go are wrong") {
  // Adds the number of calls so far, which the first run does not notice.
  const measurement fickle =
      measure("@calls = internal global float 0.0\n" +
              add_kernel("  %wrong = load float, ptr @calls\n"
                         "  %more.calls = fadd float %wrong, 1.0\n"
                         "  %is.first = icmp eq i64 %begin, 0\n"
                         "  %kept = select i1 %is.first, float %more.calls, float %wrong\n"
                         "  store float %kept, ptr @calls\n"));
  CHECK(fickle.failed == failure::wrong_answer);
}

TEST_CASE_FIXTURE(fixture, "worker: objects that cannot be linked are compile failures") {
  const lathe::sequence<std::byte> nonsense(100, std::byte{7});
  const measurement bad = tester->measure(plan, nonsense, {&wanted, 1});
  CHECK(bad.failed == failure::compile);
  CHECK(bad.reason != "");
  kernel_plan other = plan;
  other.phases[0].symbol = "missing";
  const lathe::sequence<std::byte> object = compiler().compile(add_kernel()).value();
  CHECK(tester->measure(other, object, {&wanted, 1}).failed == failure::compile);
  const lathe::sequence<std::byte> huge(desk::room + 1);
  CHECK(tester->measure(plan, huge, {&wanted, 1}).failed == failure::limit);
  CHECK(measure(add_kernel()).ok());
}

TEST_CASE_FIXTURE(fixture, "worker: impossible times and hopeless kernels") {
  measure_options options;
  options.floor_seconds = 1;
  const measurement impossible = measure(add_kernel(), options);
  CHECK(impossible.failed == failure::wrong_answer);
  CHECK(impossible.reason.starts_with("faster than the machine can be: "));
  options.floor_seconds = 0;
  options.timing.best_seconds = 1e-12;
  const measurement hopeless = measure(add_kernel(), options);
  CHECK(hopeless.ok());
  CHECK(hopeless.stopped_early);
  CHECK(hopeless.samples.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "worker: workspaces are filled, guarded and part of the plan") {
  // Copies A to the workspace in bind(), then adds from there.
  plan.buffers.push_back({"Ap", dtype::f32, elements});
  plan.phases = {{"copy", 1, false, true}, {"phase0", 1}};
  const auto kernel = [](const std::string& copied_elements) {
    return "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
           "define void @copy(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
           "  %a = load ptr, ptr %buffers\n"
           "  %w.at = getelementptr ptr, ptr %buffers, i64 3\n"
           "  %w = load ptr, ptr %w.at\n"
           "  call void @llvm.memcpy.p0.p0.i64(ptr %w, ptr %a, i64 " +
           copied_elements +
           ", i1 false)\n"
           "  ret void\n"
           "}\n"
           "define void @phase0(ptr %buffers, ptr %scratch, i64 %begin, i64 %end) {\n"
           "entry:\n"
           "  br label %loop\n"
           "loop:\n"
           "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n"
           "  %b.at = getelementptr ptr, ptr %buffers, i64 1\n"
           "  %b = load ptr, ptr %b.at\n"
           "  %c.at = getelementptr ptr, ptr %buffers, i64 2\n"
           "  %c = load ptr, ptr %c.at\n"
           "  %w.at = getelementptr ptr, ptr %buffers, i64 3\n"
           "  %w = load ptr, ptr %w.at\n"
           "  %w.i = getelementptr float, ptr %w, i64 %i\n"
           "  %b.i = getelementptr float, ptr %b, i64 %i\n"
           "  %c.i = getelementptr float, ptr %c, i64 %i\n"
           "  %x = load float, ptr %w.i\n"
           "  %y = load float, ptr %b.i\n"
           "  %sum = fadd float %x, %y\n"
           "  store float %sum, ptr %c.i\n"
           "  %next = add i64 %i, 1\n"
           "  %more = icmp slt i64 %next, 1000\n"
           "  br i1 %more, label %loop, label %done\n"
           "done:\n"
           "  ret void\n"
           "}\n";
  };
  CHECK(measure(kernel("4000")).reason == "");
  // One element of the workspace is never written: the fill makes the result NaN.
  CHECK(measure(kernel("3996")).failed == failure::wrong_answer);
  CHECK(measure(kernel("4000")).ok());
}

TEST_CASE_FIXTURE(unisolated_fixture, "worker: the same without isolation, for good kernels") {
  CHECK(measure(add_kernel()).ok());
  CHECK(measure(add_kernel("  %wrong = fadd float 1.0, 0.0\n")).failed == failure::wrong_answer);
  CHECK(measure(stray_store("%c", -4)).reason == "wrote outside C");
  CHECK(measure(add_kernel()).ok());
  CHECK(tester->starts() == 0);
}

TEST_CASE("worker: a kernel with other parameters than the arguments under test is refused") {
  fixture under_test(isolation::none);
  kernel_plan other = add_plan();
  other.buffers[1].elements = elements + 1;
  const lathe::sequence<std::byte> object = compiler().compile(add_kernel()).value();
  const auto made = kernel_trial::create(compiler(), other, object, under_test.arguments, 1,
                                         native::default_parallel_for());
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().id() == "LATHE-E502");
  CHECK(made.error().text().find("parameter B") != std::string::npos);
}

TEST_CASE("worker: a system that starts no child process is an error, not a hang") {
  if (test::address_sanitizer) {
    MESSAGE("[SKIP] UndefinedBehaviorSanitizer itself opens files to check virtual calls");
    return;
  }
  fixture under_test(isolation::none);
  rlimit files{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &files) == 0);
  const rlim_t before = std::exchange(files.rlim_cur, 3);  // no room for a channel to the child
  REQUIRE(setrlimit(RLIMIT_NOFILE, &files) == 0);
  const auto made = worker::create(compiler(), under_test.arguments, {isolation::process, 1});
  files.rlim_cur = before;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &files) == 0);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().id() == "LATHE-E503");
}
