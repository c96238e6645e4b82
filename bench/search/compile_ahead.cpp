/// @file
/// Whether compiling on one core changes what is measured on another: tuning does both at once
/// where a core is free. In: nothing. Out: per operator the ratio of a kernel's times beside a
/// thread that compiles without pause and without one, in turn, each the median of a measurement as
/// tuning makes it.
#include <lathe/api/cpu_evaluator.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/session.hpp>
#include <lathe/core/atomic.hpp>
#include <lathe/core/threads.hpp>
#include <lathe/lathe.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/target/cpu/host.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace lathe;
constexpr int blocks = 41;

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The kernel of the analytic schedule, measured `blocks` times in both ways.
void compare(const char* name, const desc_view& desc) {
  const cpu_target target = native::host_target().value();
  tune_options options;
  options.threads = 1;
  const tuning_request request = resolve(options, target, {}).value();
  const native::jit compiler = detail::shared_jit(target).value();
  const program of = make_program(desc);
  const trace first = estimated_trace(desc, request);
  const oracle answer = make_oracle(of, first, target, compiler, {}, request.seed).value();
  answer.arguments->make_sets(rotating_sets(answer.arguments->bytes(), target));
  sequence<std::string> notes;
  const owner<worker> bench =
      detail::make_bench(request, compiler, *answer.arguments, notes).value();
  const compiled kernel = compile_trace(of, first, target, compiler, {}).value();
  measure_options how;  // as cpu_evaluator measures
  how.timing.max_seconds = 0.12;
  how.timing.max_samples = 20;
  how.timing.clock = &thread_seconds;
  const auto seconds = [&] {
    const measurement seen = bench->measure(kernel.plan, kernel.object, answer.wanted, how);
    if (!seen.ok()) {
      std::fprintf(stderr, "%s: %s\n", name, seen.reason.c_str());
      std::exit(1);
    }
    return seen.seconds();
  };
  int compiled_kernels = 0;
  std::vector<double> quiet, beside, ratios;
  for (int block = 0; block < blocks; ++block) {
    double times[2] = {};
    for (const int which : {block % 2, 1 - block % 2}) {
      detail::atomic<bool> is_over = false;
      auto compile = [&] {
        while (!is_over.load()) compile_trace(of, first, target, compiler, {}), ++compiled_kernels;
      };
      if (which == 0) {
        times[0] = seconds();
      } else {
        const detail::background other(compile);
        times[1] = seconds();
        is_over.store(true);
      }
    }
    quiet.push_back(times[0]);
    beside.push_back(times[1]);
    ratios.push_back(times[1] / times[0]);
  }
  std::sort(ratios.begin(), ratios.end());
  // Ranks that hold the median between them in 95 of 100 cases: those of 41 values.
  std::printf("%-22s %9.4g %9.4g   %.3f (%.3f to %.3f) %6d\n", name, 1e3 * median_of(quiet),
              1e3 * median_of(beside), median_of(ratios), ratios[13], ratios[27], compiled_kernels);
  std::fflush(stdout);
}

template <class Operation>
void compare_operator(const char* name, const Operation& operation) {
  const auto description = describe(operation);
  compare(name, owned_desc(description).view());
}

}  // namespace

int main() {
  std::printf("%d cores; one thread measures\n", native::allowed_cores());
  std::printf("operator               quiet ms  beside ms   ratio, median of %d    compiled\n",
              blocks);
  compare_operator("gemm 256", ops::gemm<float, float, float>(256, 256, 256));
  compare_operator("gemm 1024", ops::gemm<float, float, float>(1024, 1024, 1024));
  compare_operator("gemv 2048", ops::gemv<float>(2048, 2048));
  compare_operator("conv2d 28x28 256-512",
                   ops::conv2d<float, float, float>(1, 256, 28, 28, 512, 3, 1, 1, 1));
  compare_operator("jacobi3d 128", ops::jacobi3d<double>(128, 128, 128));
  compare_operator("softmax 512x4096", ops::softmax<float>(512, 4096));
}
