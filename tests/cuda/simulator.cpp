// The simulator on kernels written by hand: right results of right kernels, and what it says of
// wrong ones.
#include "cuda/simulator/simulate.hpp"
#include "cuda/texts.hpp"
#include <bit>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace cuda_simulator;
using namespace test;

namespace {

std::vector<std::span<std::byte>> spans(std::vector<std::vector<std::byte>>& of) {
  return {of.begin(), of.end()};
}

}  // namespace

TEST_CASE("simulator: kernels compute what loops compute, in all orders, from one compilation") {
  const auto texts = all_texts();
  std::vector<lathe::cuda_source> sources;
  for (const auto& [name, text] : texts) sources.push_back(text.source);
  const simulator all(sources);
  for (std::size_t at = 0; at < texts.size(); ++at) {
    CAPTURE(texts[at].first);
    std::vector<std::vector<std::byte>> arguments = arguments_for(texts[at].second);
    const simulation_report report = all.run(at, spans(arguments));
    CHECK(report.problem == "");
    CHECK(arguments == texts[at].second.parameters);
  }
}

namespace {

/// What the simulator says of a kernel `k` with a body. A: 32 floats to read, C: 32 floats to
/// write, n = 32.
simulation_report report_of(const std::string& body, std::int64_t threads = 64,
                            std::int64_t shared_bytes = 128, const char* bounds = "64") {
  cuda_text text = row_sums(1, 32);
  text.source.text = std::string("extern \"C\" __global__ void __launch_bounds__(") + bounds +
                     ") k(const float* __restrict__ A, float* __restrict__ C, int n) {\n"
                     "  extern __shared__ __align__(16) unsigned char lathe_shared[];\n"
                     "  float* const s = reinterpret_cast<float*>(lathe_shared);\n"
                     "  const int t = threadIdx.x;\n" +
                     body + "\n}\n";
  text.source.buffers[1].elements = 32;
  text.source.buffers[2].type = lathe::dtype::i32;
  text.source.launches[0].symbol = "k";
  text.source.launches[0].threads = threads;
  text.source.launches[0].shared_bytes = shared_bytes;
  constexpr int n = 32;
  std::vector<std::byte> a(32 * 4), c(32 * 4), size(4);
  std::memcpy(size.data(), &n, sizeof n);
  const std::vector<std::span<std::byte>> arguments{a, c, size};
  simulation_options options;
  for (run_mode& each : options.modes) each.seconds = 0.2;
  return simulate(text.source, arguments, options);
}

void check_problem(const simulation_report& report, fault kind, const char* part) {
  CHECK(report.kind == kind);
  INFO(report.problem);
  CHECK(report.problem.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("simulator: accesses outside of buffers") {
  CHECK(report_of("if (t < n) C[t] = A[t];").problem == "");
  check_problem(report_of("C[t] = 0.0f;"), fault::address,
                "writes to byte 128 of S, which has 128 (thread 32)");
  check_problem(report_of("if (t < n) C[t] = A[t + 1];"), fault::address,
                "reads from byte 128 of A");
  check_problem(report_of("if (t < n) C[t] = A[t - 1];"), fault::address,
                "reads from byte -4 of A");
  check_problem(report_of("const_cast<float*>(A)[0] = 1.0f;"), fault::address,
                "writes to byte 0 of A, which is an input");
  check_problem(report_of("s[t] = 1.0f;"), fault::address,
                "writes to byte 128 of shared memory, which has 128");
  check_problem(report_of("s[t % 32 - 1] = 1.0f;"), fault::address,
                "byte -1 of shared memory, which has 128, was written");
  // Less than 16 bytes of it: no page ends there.
  check_problem(report_of("if (t < 31) s[t] = 1.0f;", 64, 120), fault::address,
                "byte 120 of shared memory, which has 120, was written");
  check_problem(report_of("reinterpret_cast<float*>(n * 8ull)[t] = 1.0f;"), fault::address,
                "an address that is in no buffer");
  check_problem(report_of("float x[4]; for (int i = 0; i <= n; ++i) x[i] = A[0]; C[0] = x[t % 4];"),
                fault::address, "index outside of a local array");
}

TEST_CASE("simulator: arrays in shared memory lie apart") {
  const std::string arrays =
      "float* const x = reinterpret_cast<float*>(lathe_shared + 0);\n"
      "float* const y = reinterpret_cast<float*>(lathe_shared + 64);\n"
      "if (t < 16) x[t] = t; else if (t < 32) y[t - 16] = t;\n__syncthreads();\n";
  CHECK(report_of(arrays + "if (t < n) C[t] = t < 16 ? x[t] : y[t - 16];").problem == "");
  check_problem(report_of(arrays + "x[16] = 1.0f;"), fault::address,
                "byte 0 beyond the end of the array of shared memory that begins at 0 was written");
  check_problem(report_of(arrays + "y[16] = 1.0f;"), fault::address, "writes to byte");
}

TEST_CASE("simulator: misaligned accesses") {
  check_problem(
      report_of("*reinterpret_cast<float4*>(&C[t % 16]) = make_float4(0.0f, 0.0f, 0.0f, 0.0f);"),
      fault::address, "misaligned access (thread 1)");
  check_problem(report_of("lathe_copy_async8(&s[t % 8], &A[0]);"), fault::address,
                "line 5: the place in shared memory is misaligned");
  check_problem(report_of("lathe_copy_async16(&s[0], &A[t % 16]);"), fault::address,
                "the source is misaligned (thread 1)");
  check_problem(report_of("lathe_copy_async4(&s[t], &A[0]);"), fault::address,
                "the place is not in shared memory");
  check_problem(report_of("lathe_copy_async4(&s[0], &A[t]);"), fault::address,
                "the source is outside of every buffer");
  check_problem(
      report_of("lathe_copy_async4(&s[t % 32], A);\nlathe_copy_async8(&s[t % 32 / 2 * 2], A);"),
      fault::address, "line 6: the place is that of a copy that this thread has not waited for");
}

TEST_CASE("simulator: barriers and warps") {
  check_problem(report_of("if (t < 32) __syncthreads();"), fault::barrier,
                "thread 0 is at the barrier in line 5, thread 32 has returned");
  check_problem(report_of("if (t < 32) __syncthreads(); else\n__syncthreads();"), fault::barrier,
                "thread 0 is at the barrier in line 5, thread 32 is at the barrier in line 6");
  check_problem(report_of("if (t % 2 == 0) return;\n__syncthreads();"), fault::barrier,
                "has returned");
  check_problem(report_of("float x = t; if (t % 32 < 16) x = __shfl_xor_sync(0xffffffffu, x, 1);"),
                fault::warp, "thread 0 waits for its warp in line 5, thread 16 has returned");
  check_problem(report_of("float x = t; if (t % 32 < 16) x = __shfl_xor_sync(0xff00u, x, 1);"),
                fault::warp, "thread 0 is not in its own mask");
  CHECK(
      report_of(
          "float x = t; if (t % 32 < 16) x = __shfl_xor_sync(0xffffu, x, 1); if (t < n) C[t] = x;")
          .problem == "");
  check_problem(report_of("for (;;) C[t % 32] = 1.0f;"), fault::time, "runs for longer than");
  check_problem(report_of("for (int i = 1; i != 0;) __syncthreads();"), fault::time,
                "runs for longer than");
  check_problem(report_of("float x[200000]; for (int i = 0; i < 200000; ++i) x[i] = A[i % n];\n"
                          "if (t < n) C[t] = x[n * 7 + t];"),
                fault::local, "needs more than 512 KiB of local arrays");
  CHECK(report_of("float x[100000]; for (int i = 0; i < 100000; ++i) x[i] = A[i % n];\n"
                  "if (t < n) C[t] = x[n * 7 + t];")
            .problem == "");
  check_problem(report_of("C[t % 32] = n / (t - t);"), fault::address, "divides by zero");
}

TEST_CASE("simulator: orders and calls that give different results") {
  check_problem(report_of("C[0] = t;"), fault::none, "S differs at element 0 in the order reverse");
  check_problem(report_of("s[t % 32] = t;\nif (t < n) C[t] = s[31 - t];"), fault::none,
                "S differs");
  CHECK(report_of("if (t < n) s[t] = t;\n__syncthreads();\nif (t < n) C[t] = s[31 - t];").problem ==
        "");
  // Between warps only the barrier of the block helps, within one that of the warp, too.
  check_problem(
      report_of("if (t < n) s[t] = t;\n__syncwarp();\nif (t >= 32) C[t - 32] = s[63 - t];"),
      fault::none, "S differs");
  CHECK(report_of("if (t < n) s[t] = t;\n__syncwarp();\nif (t < n) C[t] = s[31 - t];").problem ==
        "");
}

TEST_CASE("simulator: launches that a driver refuses, texts that do not compile") {
  check_problem(report_of("", 96), fault::none, "96 threads per block, __launch_bounds__(64)");
  check_problem(report_of("", 1056, 0, "2048"), fault::none, "1056 threads per block");
  check_problem(report_of("", 64, 232452), fault::none, "232452 bytes of shared memory");
  check_problem(report_of("__shared__ float other[4];"), fault::none, "does not compile");
  check_problem(report_of("nonsense;"), fault::none, "text0.cu:5");
  cuda_text text = row_sums(2, 3);
  std::vector<std::vector<std::byte>> arguments = arguments_for(text);
  text.source.launches[0].arguments = {0, 1};
  check_problem(simulate(text.source, spans(arguments)), fault::none,
                "2 arguments for 3 parameters");
  text.source.launches[0].arguments = {0, 2, 1};
  check_problem(simulate(text.source, spans(arguments)), fault::none,
                "parameter 1 is not what alpha needs");
  text.source.launches[0].symbol = "other";
  check_problem(simulate(text.source, spans(arguments)), fault::none, "no kernel of this name");
  // A text that does not compile leaves the others of its compilation alone.
  text = row_sums(2, 3);
  lathe::cuda_source wrong = text.source;
  wrong.text = "nonsense";
  const lathe::cuda_source both[] = {wrong, text.source};
  const simulator two(both);
  check_problem(two.run(0, spans(arguments)), fault::none, "does not compile");
  CHECK(two.run(1, spans(arguments)).problem == "");
  CHECK(arguments == text.parameters);
}

TEST_CASE("simulator: workspaces of bind() stay, others do not") {
  cuda_text text = row_sums(1, 32);
  text.source.text =
      "extern \"C\" __global__ void make(float* W) { W[threadIdx.x] = 3.0f; }\n"
      "extern \"C\" __global__ void use(const float* W, float* S) { if (threadIdx.x == 0) S[0] = "
      "W[1]; }\n";
  lathe::plan_buffer workspace;
  workspace.name = "W";
  workspace.type = lathe::dtype::f32;
  workspace.elements = 32;
  workspace.bound = true;
  text.source.buffers.push_back(workspace);
  lathe::cuda_launch make, use;
  make.symbol = "make", use.symbol = "use";
  make.threads = use.threads = 32;
  make.arguments = {3}, use.arguments = {3, 1};
  make.bind_only = true;
  text.source.launches = {make, use};
  std::vector<std::vector<std::byte>> arguments = arguments_for(text);
  CHECK(simulate(text.source, spans(arguments)).problem == "");
  float result = 0;
  std::memcpy(&result, arguments[1].data(), sizeof result);
  CHECK(result == 3.0f);
  text.source.buffers[3].bound = false;
  CHECK(simulate(text.source, spans(arguments)).problem ==
        "S differs at element 0 in the second call");
}

TEST_CASE("simulator: 16-bit floats and tf32 are rounded as the device rounds") {
  // All bit patterns of f16 and floats in between, as written by one kernel.
  cuda_text text = row_sums(1, 1);
  text.source.text = R"(
extern "C" __global__ void k(const float* A, float* S, float alpha) {
  const int t = blockIdx.x * 64 + threadIdx.x;
  S[3 * t] = lathe_f16_to_f32(lathe_f32_to_f16(A[t]));
  S[3 * t + 1] = lathe_bf16_to_f32(lathe_f32_to_bf16(A[t]));
  S[3 * t + 2] = __uint_as_float(lathe_to_tf32(A[t]));
})";
  constexpr int count = 1 << 16;
  std::vector<float> a, s(3 * count);
  for (int at = 0; at < count; ++at) {  // ties of all three, and their neighbours
    const auto high = static_cast<std::uint32_t>(at) << 16;
    constexpr std::uint32_t low[] = {0, 0x1000, 0x8000, 0x7fff, 0x8001, 0x0fff, 0x1001, 0x3000};
    a.push_back(std::bit_cast<float>(high | low[at / 8 % 8]));
  }
  text.source.buffers[0].elements = count;
  text.source.buffers[1].elements = 3 * count;
  text.source.launches[0].symbol = "k";
  text.source.launches[0].threads = 64;
  text.source.launches[0].blocks = count / 64;
  float alpha = 0;
  const auto bytes = [](auto& of) { return std::as_writable_bytes(std::span(of)); };
  const std::vector<std::span<std::byte>> arguments{bytes(a), bytes(s),
                                                    std::as_writable_bytes(std::span(&alpha, 1))};
  REQUIRE(simulate(text.source, arguments, {{{}}}).problem == "");
  // A multiple of 2^-digits times its power of two, or of the smallest number.
  const auto rounded = [](double x, int digits, int smallest, double too_large, bool ties_away) {
    if (x == 0 || std::isinf(x)) return x;
    if (std::abs(x) >= too_large) return std::copysign(std::numeric_limits<double>::infinity(), x);
    const double unit = std::ldexp(1.0, std::max(std::ilogb(x) - digits, smallest));
    return (ties_away ? std::round(x / unit) : std::nearbyint(x / unit)) * unit;
  };
  int wrong = 0;
  for (int at = 0; at < count; ++at) {
    const float x = a[static_cast<std::size_t>(at)], *const of =
                                                         &s[static_cast<std::size_t>(3 * at)];
    if (std::isnan(x)) {
      wrong += !(std::isnan(of[0]) && std::isnan(of[1]) && std::isnan(of[2]));
      continue;
    }
    const double wanted[] = {rounded(x, 10, -24, 65520, false),
                             rounded(x, 7, -133, 0x1.ffp127, false),
                             rounded(x, 10, -136, 0x1.ffep127, true)};
    for (int kind = 0; kind < 3; ++kind) {
      const bool same = of[kind] == wanted[kind];
      if (!same && wrong < 5) MESSAGE(x, " became ", of[kind], ", not ", wanted[kind]);
      wrong += !same;
    }
  }
  CHECK(wrong == 0);
}
