#include <lathe/target/cuda/cubin.hpp>
#include <lathe/target/cuda/executable.hpp>
#include <lathe/target/cuda/screening.hpp>

#include "gpu.hpp"
#include "texts.hpp"
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace lathe;

namespace {

/// y[i] = a x[i] for n elements.
cuda_source scale_source(std::int64_t n, std::int64_t shared_bytes = 0) {
  cuda_source source;
  source.text =
      "extern \"C\" __global__ void __launch_bounds__(32) scale(const float* x, float a, float* y) "
      "{\n"
      "  int i = blockIdx.x * 32 + threadIdx.x;\n"
      "  if (i < " +
      std::to_string(n) + ") y[i] = a * x[i];\n}\n";
  plan_buffer x{"x", dtype::f32, n, true, false, false, false};
  plan_buffer a{"a", dtype::f32, 1, true, false, true, false};
  plan_buffer y{"y", dtype::f32, n, true, true, false, false};
  source.buffers = {x, a, y};
  source.launches.emplace_back();
  cuda_launch& launch = source.launches.back();
  launch.symbol = "scale";
  launch.blocks = (n + 31) / 32;
  launch.threads = 32;
  launch.shared_bytes = shared_bytes;
  launch.arguments = {0, 1, 2};
  return source;
}

/// z[i] = w[n - 1 - i] + x[i]: w is turned round into a workspace, by bind() or in every call; the
/// sum goes through another workspace.
cuda_source packed_source(std::int64_t n, bool bound) {
  cuda_source source;
  const std::string in_range = "  int i = threadIdx.x;\n  if (i < " + std::to_string(n) + ") ";
  const std::string head = "extern \"C\" __global__ void __launch_bounds__(64) ";
  source.text = head + "pack(const float* w, float* p) {\n" + in_range + "p[i] = w[" +
                std::to_string(n - 1) + " - i];\n}\n" + head +
                "sum(const float* p, const float* x, float* t) {\n" + in_range +
                "t[i] = p[i] + x[i];\n}\n" + head + "copy(const float* t, float* z) {\n" +
                in_range + "z[i] = t[i];\n}\n";
  source.buffers = {plan_buffer{"w", dtype::f32, n, true, false, false, false},
                    plan_buffer{"x", dtype::f32, n, true, false, false, false},
                    plan_buffer{"z", dtype::f32, n, true, true, false, false},
                    plan_buffer{"p", dtype::f32, n, false, false, false, bound},
                    plan_buffer{"t", dtype::f32, n, false, false, false, false}};
  const auto launch = [&](const char* symbol, sequence<int> arguments, bool bind_only) {
    cuda_launch& made = source.launches.emplace_back();
    made.symbol = symbol;
    made.threads = 64;
    made.arguments = std::move(arguments);
    made.bind_only = bind_only;
  };
  launch("pack", {0, 3}, bound);
  launch("sum", {3, 1, 4}, false);
  launch("copy", {4, 2}, false);
  return source;
}

/// An array of floats on the device.
struct device_floats {
  explicit device_floats(const std::vector<float>& values)
      : in(test::gpu_context()),
        size(values.size()),
        memory(gpu::device_memory::allocate(in, static_cast<std::int64_t>(4 * size)).value()) {
    REQUIRE(gpu::upload(in, memory.address(), values.data(), memory.bytes()).has_value());
  }
  void* pointer() const { return reinterpret_cast<void*>(memory.address()); }
  std::vector<float> values() const {
    std::vector<float> out(size);
    REQUIRE(gpu::download(in, out.data(), memory.address(), memory.bytes()).has_value());
    return out;
  }

  gpu::context in;
  std::size_t size;
  gpu::device_memory memory;
};

std::vector<float> counting(std::size_t n) {
  std::vector<float> out(n);
  for (std::size_t at = 0; at < n; ++at) out[at] = static_cast<float>(at);
  return out;
}

}  // namespace

TEST_CASE("cuda executable: device pointers and scalars, and the caller's context stays") {
  const gpu::context in = test::gpu_context();
  const gpu::executable run = test::gpu_executable(scale_source(100));
  const device_floats x(counting(100)), y(std::vector<float>(100, -1));
  float factor = 3;
  void* const params[] = {x.pointer(), &factor, y.pointer()};
  REQUIRE(run(params).has_value());
  REQUIRE(in.synchronize(nullptr).has_value());
  const std::vector<float> got = y.values();
  for (std::size_t at = 0; at < 100; ++at) CHECK(got[at] == 3 * static_cast<float>(at));
  gpu::driver::context* current = nullptr;
  in.api().CtxGetCurrent(&current);
  CHECK(current == nullptr);
  {
    const gpu::current_context here(in);
    REQUIRE(run(params).has_value());
    in.api().CtxGetCurrent(&current);
    CHECK(current == in.handle());
    CHECK(gpu::context::current_or_primary()->handle() == in.handle());
  }
  in.api().CtxGetCurrent(&current);
  CHECK(current == nullptr);
}

TEST_CASE("cuda executable: hosts' arrays are copied there and back") {
  for (const test::cuda_text& text : {test::tiled_gemm(33, 18, 20), test::row_sums(5, 70)}) {
    auto arguments = test::arguments_for(text);
    std::vector<void*> params;
    for (auto& each : arguments) params.push_back(each.data());
    const gpu::executable run = test::gpu_executable(text.source);
    const auto done = run.on_host(params.data());
    REQUIRE_MESSAGE(done.has_value(), (done ? std::string() : done.error().what()));
    CHECK(arguments == text.parameters);
  }
}

TEST_CASE("cuda executable: bound inputs are packed once, workspaces belong to streams") {
  const gpu::context in = test::gpu_context();
  for (const bool bound : {false, true}) {
    CAPTURE(bound);
    gpu::executable run = test::gpu_executable(packed_source(50, bound));
    CHECK(run.needs_bind() == bound);
    CHECK(run.workspace_bytes() == (bound ? 256 : 512));
    const device_floats x(counting(50)), z(std::vector<float>(50));
    {
      const device_floats w(counting(50));
      void* const params[] = {w.pointer(), x.pointer(), nullptr};
      if (bound) run = run.bind(params).value();
      CHECK_FALSE(run.needs_bind());
    }
    const device_floats w(counting(50));
    void* const params[] = {bound ? nullptr : w.pointer(), x.pointer(), z.pointer()};
    gpu::driver::stream* stream = nullptr;
    const gpu::current_context here(in);
    REQUIRE(in.api().StreamCreate(&stream, 0) == 0);
    for (gpu::driver::stream* each : {stream, static_cast<gpu::driver::stream*>(nullptr)}) {
      REQUIRE(gpu::fill(in, z.memory.address(), z.memory.bytes(), 0).has_value());
      REQUIRE(run(params, each).has_value());
      REQUIRE(in.synchronize(each).has_value());
      CHECK(z.values() == std::vector<float>(50, 49));
    }
    in.api().StreamDestroy_v2(stream);
  }
}

TEST_CASE("cuda executable: more shared memory than usual is asked for") {
  const auto done = [](std::int64_t shared_bytes) {
    const cuda_source source = scale_source(10, shared_bytes);
    auto made = gpu::executable::make(source, test::gpu_code(source).bytes, test::gpu_context());
    if (!made) return made.error().id();
    std::vector<float> x = counting(10), y(10);
    float factor = 2;
    void* const params[] = {x.data(), &factor, y.data()};
    const auto run = made->on_host(params);
    CHECK((!run || y[9] == 18));
    return run ? std::string() : run.error().id();
  };
  CHECK(done(64 << 10) == "");
  CHECK(done(1 << 20) == "LATHE-E338");
}

TEST_CASE("cuda executable: the driver says of a kernel what its cubin and our formula say") {
  const gpu::context in = test::gpu_context();
  const gpu::current_context here(in);
  for (const test::cuda_text& text :
       {test::tiled_gemm(33, 18, 20), test::buffered_gemm(64, 64, 8)}) {
    const gpu::cuda_code code = test::gpu_code(text.source);
    if (code.form != gpu::code_form::cubin) return;
    const auto kernels = gpu::read_cubin(code.bytes);
    REQUIRE(kernels.has_value());
    const cuda_launch& launch = text.source.launches[0];
    gpu::driver::module* module = nullptr;
    gpu::driver::function* function = nullptr;
    REQUIRE(in.api().ModuleLoadDataEx(&module, code.bytes.data(), 0, nullptr, nullptr) == 0);
    REQUIRE(in.api().ModuleGetFunction(&function, module, launch.symbol.c_str()) == 0);
    int registers = 0, blocks = 0;
    CHECK(in.api().FuncGetAttribute(&registers, gpu::driver::function_registers, function) == 0);
    CHECK(registers == kernels->front().registers);
    CHECK(in.api().OccupancyMaxActiveBlocksPerMultiprocessor(
              &blocks, function, static_cast<int>(launch.threads),
              static_cast<std::size_t>(launch.shared_bytes)) == 0);
    const gpu::block_needs needs = gpu::needs_of(launch, kernels->front(), in.what());
    CHECK(blocks == gpu::occupancy_of(in.what(), needs).blocks);
    in.api().ModuleUnload(module);
  }
}

TEST_CASE("cuda executable: code that is none, and kernels that it lacks, are LATHE-E338") {
  cuda_source source = scale_source(10);
  const std::vector<std::byte> rubbish(100);
  auto made = gpu::executable::make(source, rubbish, test::gpu_context());
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().id() == "LATHE-E338");
  const gpu::cuda_code code = test::gpu_code(source);
  source.launches[0].symbol = "other";
  made = gpu::executable::make(source, code.bytes, test::gpu_context());
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().id() == "LATHE-E338");
  CHECK(made.error().text().find("kernel other") != std::string::npos);
}

TEST_CASE("cuda executable: errors of the device are values, and those that stay are said to") {
  if (!test::gpu_is_fake()) {
    MESSAGE("[SKIP] errors are injected into the stand-in driver only");
    return;
  }
  CHECK(test::with_driver_error(
            "", [] { return gpu::availability().starts_with("CUDA 12.") ? 0 : 1; }) == 0);
  CHECK(test::with_driver_error("memory", [] {
          const auto memory = gpu::device_memory::allocate(test::gpu_context(), 100);
          return !memory && memory.error().id() == "LATHE-E340" ? 0 : 1;
        }) == 0);
  CHECK(test::with_driver_error("old_driver", [] {
          const cuda_source source = scale_source(10);
          const auto made =
              gpu::executable::make(source, test::gpu_code(source).bytes, test::gpu_context());
          return !made && made.error().id() == "LATHE-E338" &&
                         made.error().text().find("the device is sm_90, the driver one of CUDA") !=
                             std::string::npos
                     ? 0
                     : 1;
        }) == 0);
  CHECK(test::with_driver_error("launch:1", [] {
          const gpu::executable run = test::gpu_executable(scale_source(10));
          std::vector<float> x = counting(10), y(10);
          float factor = 2;
          void* const params[] = {x.data(), &factor, y.data()};
          const auto first = run.on_host(params), second = run.on_host(params);
          return !first && first.error().id() == "LATHE-E339" && !second &&
                         second.error().id() == "LATHE-E339"
                     ? 0
                     : 1;
        }) == 0);
}
