// tune() and compile() for GPUs from end to end: on the stand-ins of driver and compiler, or on
// hardware with LATHE_CUDA_DRIVER=libcuda.so.1. A program of its own: it opens one compiler.
#include <lathe/cuda.hpp>

#include "cuda/gpu.hpp"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

using namespace lathe;

namespace {

/// A folder for a cache, removed at the end.
struct scratch_folder {
  std::string path = (std::filesystem::temp_directory_path() / "lathe-cuda-XXXXXX").string();
  scratch_folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~scratch_folder() { std::filesystem::remove_all(path); }
};

/// The stand-in of the compiler goes with that of the driver.
void choose_compiler() {
  if (test::gpu_is_fake()) ::setenv("LATHE_NVRTC", LATHE_FAKE_NVRTC, 1);
#if defined(LATHE_WORKER_PROGRAM)
  ::setenv("LATHE_WORKER", LATHE_WORKER_PROGRAM, 1);
#endif
}

tune_options short_search(const std::string& folder) {
  return {.time_limit = 20,
          .trials = 4,
          .threads = 1,
          .cache_dir = folder,
          .progress = progress_mode::silent};
}

const auto source = ops::gemm(33, 18, 20);
using gemm_kernel = cuda_kernel<std::remove_const_t<decltype(source)>>;

bool is_right(const gemm_kernel& made) {
  std::vector<float> a(33 * 20), b(20 * 18), c(33 * 18), wanted(33 * 18);
  for (std::size_t at = 0; at < a.size(); ++at) a[at] = static_cast<float>(at % 5) - 2;
  for (std::size_t at = 0; at < b.size(); ++at) b[at] = static_cast<float>(at % 7) - 3;
  evaluate(source, a, b, wanted);
  made.on_host(a, b, c);
  return c == wanted;
}

bool says(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cuda tune: a search on the device, then the winner from the cache with its code") {
  choose_compiler();
  const scratch_folder folder;
  const gemm_kernel first = tune(source, cuda(), short_search(folder.path));
  CHECK(first.how().trials >= 1);
  CHECK(first.how().median_seconds > 0);
  CHECK(says(first.how().checked, " "));
  CHECK(first.how().notes.empty());
  CHECK(is_right(first));
  const gemm_kernel again = tune(source, cuda(), short_search(folder.path));
  CHECK(again.how().origin == kernel_origin::cache);
  CHECK(again.how().trials == 0);
  CHECK(again.trace() == first.trace());
  CHECK(again.how().run.code() == first.how().run.code());
  CHECK(is_right(again));
  for (const char* part : {"== loop nest ==", "== CUDA ==", "extern \"C\" __global__", "blocks of"})
    CHECK(says(first.explain(), part));
  // The same schedule by hand.
  CHECK(is_right(compile(source, first.trace(), cuda())));
}

TEST_CASE("cuda tune: a longer search goes on from what an earlier one tried") {
  choose_compiler();
  const scratch_folder folder;
  tune_options options = short_search(folder.path);
  options.trials = 2;
  const gemm_kernel first = tune(source, cuda(), options);
  options.trials = 9;
  options.report = folder.path + "/page.html";
  const gemm_kernel second = tune(source, cuda(), options);
  CHECK(second.how().trials > 2);
  REQUIRE(second.how().notes.size() == 1);
  CHECK(says(second.how().notes[0], "tried by earlier searches"));
  CHECK(second.how().median_seconds > 0);
  CHECK(std::filesystem::file_size(options.report) > 1000);
  CHECK(is_right(second));
}

TEST_CASE("cuda tune: device memory, spans and a stream of the caller's") {
  choose_compiler();
  const gemm_kernel made =
      tune(source, cuda(), {.effort = effort_level::estimate, .cache = cache_mode::off});
  CHECK(made.how().origin == kernel_origin::estimate);
  const gpu::context in = made.how().run.where();
  const auto floats = [&](std::size_t count, float value) {
    auto memory = gpu::device_memory::allocate(in, static_cast<std::int64_t>(4 * count));
    const std::vector<float> values(count, value);
    REQUIRE(gpu::upload(in, memory->address(), values.data(), memory->bytes()).has_value());
    return std::move(memory).value();
  };
  const auto a = floats(33 * 20, 1), b = floats(20 * 18, 2), c = floats(33 * 18, 0);
  const auto pointer = [](const gpu::device_memory& memory) {
    return reinterpret_cast<float*>(memory.address());
  };
  gpu::driver::stream* stream = nullptr;
  {
    const gpu::current_context here(in);
    REQUIRE(in.api().StreamCreate(&stream, 0) == 0);
  }
  made.enqueue(stream, pointer(a), std::span<float>(pointer(b), 20 * 18), pointer(c));
  made.wait(stream);
  std::vector<float> got(33 * 18);
  REQUIRE(gpu::download(in, got.data(), c.address(), c.bytes()).has_value());
  CHECK(got == std::vector<float>(33 * 18, 40));

  const auto problem = [&](auto&&... arguments) {
    const auto failed = made.try_enqueue(nullptr, arguments...);
    return failed ? failed->id() : "";
  };
  CHECK(problem(pointer(a), std::span<float>(pointer(b), 20 * 17), pointer(c)) == "LATHE-E102");
  CHECK(problem(pointer(a), pointer(b) + 1, pointer(c)) == "LATHE-E106");
  CHECK(problem(static_cast<float*>(nullptr), pointer(b), pointer(c)) == "LATHE-E101");
}

TEST_CASE("cuda compile: schedules that the device cannot run are refused with the reason") {
  choose_compiler();
  const auto refused = [](const char* trace) {
    const auto made = try_compile(source, trace, cuda());
    return made ? std::string() : std::string(made.error().what());
  };
  CHECK(says(refused("split(C.nothing -> a:_, b:2)"), "LATHE-E203"));
  CHECK(says(refused("split("), "LATHE-E201"));
  const auto large =
      try_compile(ops::gemm(64, 2048, 20), "bind(C.i, block); bind(C.j, thread)", cuda());
  REQUIRE_FALSE(large.has_value());
  CHECK_MESSAGE(large.error().id() == "LATHE-E342", std::string(large.error().what()));
  CHECK(says(large.error().text(), "2048 threads per block, at most 1024"));
  const auto bound = try_tune(source, cuda(), {.bound = {"B"}});
  REQUIRE_FALSE(bound.has_value());
  CHECK(bound.error().id() == "LATHE-E111");
}

TEST_CASE("cuda tune: without lathe-worker candidates run here, and the report says so") {
  choose_compiler();
  ::setenv("LATHE_WORKER", "/nonexistent/lathe-worker", 1);
  tune_options options = short_search("");
  options.cache = cache_mode::off;
  options.trials = 1;
  const gemm_kernel made = tune(source, cuda(), options);
  REQUIRE(made.how().notes.size() == 1);
  CHECK(says(made.how().notes[0], "GPU candidates run in this process"));
  CHECK(is_right(made));
}
