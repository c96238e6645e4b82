#include <lathe/measure/cuda_worker.hpp>

#include "gpu.hpp"
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#if defined(LATHE_WORKER_PROGRAM)

using namespace lathe;

namespace {

constexpr std::int64_t elements = 1000;

/// y[i] = a x[i] + w[i]; `before` runs first in every thread, which is number i.
cuda_source axpy(const std::string& before = "", bool bound = false) {
  cuda_source source;
  const std::string head = "extern \"C\" __global__ void __launch_bounds__(64) ";
  const std::string index =
      "  const int i = blockIdx.x * 64 + threadIdx.x;\n  if (i >= " + std::to_string(elements) +
      ") return;\n";
  source.text = head + "pack(const float* w, float* p) {\n" + index + "  p[i] = w[i];\n}\n" + head +
                "axpy(float* x, float a, const float* p, float* y) {\n" + index + before +
                "  y[i] = a * x[i] + p[i];\n}\n";
  source.buffers = {plan_buffer{"x", dtype::f32, elements, true, false, false, false},
                    plan_buffer{"a", dtype::f32, 1, true, false, true, false},
                    plan_buffer{"w", dtype::f32, elements, true, false, false, false},
                    plan_buffer{"y", dtype::f32, elements, true, true, false, false},
                    plan_buffer{"p", dtype::f32, elements, false, false, false, bound}};
  const auto launch = [&](const char* symbol, sequence<int> arguments, bool bind_only) {
    cuda_launch& made = source.launches.emplace_back();
    made.symbol = symbol;
    made.blocks = (elements + 63) / 64;
    made.threads = 64;
    made.arguments = std::move(arguments);
    made.bind_only = bind_only;
  };
  launch("pack", {2, 4}, bound);
  launch("axpy", {0, 1, 4, 3}, false);
  return source;
}

/// Arguments of axpy, what it must compute, and a worker on them.
struct bench {
  explicit bench(const cuda_worker_options& options = {}) : arguments(plan()) {
    auto* x = reinterpret_cast<float*>(arguments[0].memory.data());
    auto* a = reinterpret_cast<float*>(arguments[1].memory.data());
    auto* w = reinterpret_cast<float*>(arguments[2].memory.data());
    a[0] = 3;
    for (std::int64_t at = 0; at < elements; ++at) {
      x[at] = static_cast<float>(at % 17);
      w[at] = static_cast<float>(at % 5);
      right.push_back(a[0] * x[at] + w[at]);
    }
    expectation& y = wanted.emplace_back();
    y.name = "y";
    y.type = dtype::f32;
    y.extents = {elements};
    y.expected = std::as_bytes(std::span(right));
    auto made = cuda_worker::create(arguments, options);
    REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().what()));
    worker = std::move(made).value();
  }

  static kernel_plan plan() {
    kernel_plan out;
    for (const plan_buffer& each : axpy().buffers)
      if (each.param) out.buffers.push_back(each);
    return out;
  }

  measurement measure(const cuda_source& source, double seconds = 20) {
    return measure(source, test::gpu_code(source).bytes, seconds);
  }
  measurement measure(const cuda_source& source, std::span<const std::byte> code,
                      double seconds = 20) {
    measure_options options;
    options.time_limit = seconds;
    options.timing.max_seconds = 0.05;
    return worker->measure(source, code, wanted, options);
  }

  argument_set arguments;
  std::vector<float> right;
  std::vector<expectation> wanted;
  owner<cuda_worker> worker;
};

/// The worker's program is not installed where tests run.
[[maybe_unused]] const int named = ::setenv("LATHE_WORKER", LATHE_WORKER_PROGRAM, 1);

bool says(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cuda worker: right kernels have times, however they are timed") {
  for (const isolation isolate : {isolation::process, isolation::none}) {
    for (const gpu::l2_state cache : {gpu::l2_state::warm, gpu::l2_state::flushed}) {
      bench of({isolate, {cache, 2}});
      for (const bool bound : {false, true}) {
        const measurement got = of.measure(axpy("", bound));
        CHECK_MESSAGE(got.ok(), got.reason);
        CHECK(got.seconds() > 0);
        CHECK(got.compile_seconds > 0);
      }
      CHECK(of.worker->starts() == (isolate == isolation::process ? 1 : 0));
    }
  }
}

TEST_CASE("cuda worker: wrong kernels are told apart") {
  bench of;
  const auto failure_of = [&](const std::string& before, const char* reason) {
    const measurement got = of.measure(axpy(before));
    CHECK_MESSAGE(says(got.reason, reason), got.reason);
    return got.failed;
  };
  CHECK(failure_of("  if (i == 700) { y[i] = 1; return; }\n", "y[700]") == failure::wrong_answer);
  CHECK(failure_of("  if (i == 999) y[1000] = 1;\n", "wrote outside y") == failure::wrong_answer);
  CHECK(failure_of("  if (i == 0) y[-5] = 1;\n", "wrote outside y") == failure::wrong_answer);
  CHECK(failure_of("  if (i == 3) x[4] = 77;\n", "changed its input x") == failure::wrong_answer);
  CHECK(of.measure(axpy()).ok());  // with the input as it was
  CHECK(of.worker->starts() == 1);
}

TEST_CASE("cuda worker: errors that stay and kernels that do not end cost a new process only") {
  bench of;
  CHECK(of.measure(axpy()).ok());
  measurement got = of.measure(axpy("  *reinterpret_cast<volatile float*>(64) = 1;\n"));
  CHECK(got.failed == failure::crash);
  CHECK_MESSAGE(says(got.reason, "ILLEGAL_ADDRESS"), got.reason);
  CHECK(of.measure(axpy()).ok());
  const int starts = of.worker->starts();
  CHECK(starts >= 2);
  got = of.measure(axpy("  if (i == 5) for (volatile int go = 1; go;) go = 1;\n"), 1);
  CHECK(got.failed == failure::timeout);
  CHECK(of.measure(axpy()).ok());
  CHECK(of.worker->starts() == starts + 1);
}

TEST_CASE("cuda worker: code that cannot be loaded is a failure to compile") {
  bench of;
  const std::vector<std::byte> rubbish(64);
  const measurement got = of.worker->measure(axpy(), rubbish, of.wanted);
  CHECK(got.failed == failure::compile);
  CHECK(of.worker->starts() == 1);
}

TEST_CASE(
    "cuda worker: without isolation an error that stays ends the measuring, not the program") {
  if (!test::gpu_is_fake()) {
    MESSAGE("[SKIP] the device of this process is needed by other tests");
    return;
  }
  CHECK(test::with_driver_error("", [] {
          bench of({isolation::none, {}});
          const cuda_source good = axpy(),
                            bad = axpy("  *reinterpret_cast<volatile float*>(64) = 1;\n");
          const auto good_code = test::gpu_code(good).bytes, bad_code = test::gpu_code(bad).bytes;
          const bool first = of.measure(good, good_code).ok();
          const measurement broken = of.measure(bad, bad_code);
          const measurement later = of.measure(good, good_code);
          return first && broken.failed == failure::crash && later.failed == failure::crash &&
                         says(later.reason, "an earlier kernel")
                     ? 0
                     : 1;
        }) == 0);
}

TEST_CASE("cuda worker: a program that is missing or another one is an error, not a crash") {
  argument_set arguments(bench::plan());
  ::setenv("LATHE_WORKER", "/nonexistent/lathe-worker", 1);
  auto made = cuda_worker::create(arguments);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().id() == "LATHE-E507");
  CHECK(says(made.error().text(), "/nonexistent/lathe-worker"));
  ::setenv("LATHE_WORKER", "/bin/false", 1);
  made = cuda_worker::create(arguments);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().id() == "LATHE-E508");
  ::setenv("LATHE_WORKER", LATHE_WORKER_PROGRAM, 1);

  // Found on the path, when no variable names it.
  ::unsetenv("LATHE_WORKER");
  const std::string path = std::getenv("PATH");
  const std::string folder = "/tmp/lathe-worker-test-" + std::to_string(::getpid());
  REQUIRE(::mkdir(folder.c_str(), 0700) == 0);
  ::setenv("PATH", folder.c_str(), 1);
  CHECK_FALSE(find_cuda_worker().has_value());
  REQUIRE(::symlink(LATHE_WORKER_PROGRAM, (folder + "/lathe-worker").c_str()) == 0);
  CHECK(find_cuda_worker().value() == folder + "/lathe-worker");
  ::setenv("PATH", path.c_str(), 1);
  ::setenv("LATHE_WORKER", LATHE_WORKER_PROGRAM, 1);
  ::unlink((folder + "/lathe-worker").c_str());
  ::rmdir(folder.c_str());
}

TEST_CASE("cuda worker: the program finds no device, or is of another version") {
  if (!test::gpu_is_fake()) {
    MESSAGE("[SKIP] errors are injected into the stand-in driver only");
    return;
  }
  argument_set arguments(bench::plan());
  ::setenv("LATHE_FAKE_CUDA_ERROR", "no_device", 1);
  auto made = cuda_worker::create(arguments);
  ::unsetenv("LATHE_FAKE_CUDA_ERROR");
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().id() == "LATHE-E508");
  CHECK(says(made.error().text(), "finds no device"));
  const char* const other[] = {"lathe-worker", "cuda-0.0.0-0", "3", "4"};
  CHECK(cuda_worker_main(4, other) == 41);
  CHECK(cuda_worker_main(1, other) == 2);
}

#else

TEST_CASE("cuda worker: the program is started, and started again") {
  MESSAGE("[SKIP] lathe-worker is not built: LATHE_BUILD_TOOLS is off");
}

#endif
