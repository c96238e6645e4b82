/// @file
/// The main job, to look at: tunes a layer of YOLO-v1 and a matrix product, each with one and two
/// threads, checks the results against plain loops and says how fast they are. Run by
/// tools/quickstart.
#include <lathe/lathe.hpp>
#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/peak.hpp>

#include "interrupt.hpp"
#include "naive.hpp"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace lathe;

/// Layer C8 of YOLO-v1: 3 x 3 kernels, padding 1, one image.
constexpr int channels = 256, filters = 512, image = 28;
/// Rows, columns and depth of the matrices.
constexpr int size = 1024;
/// Timed calls per kernel at the end.
constexpr int rounds = 20;

/// Small integers, none of them zero: their sums of products are exact in any order.
std::vector<float> small_integers(std::size_t count, std::size_t start) {
  constexpr float values[] = {1, -2, 2, -1, 1};
  std::vector<float> out(count);
  for (std::size_t at = 0; at < count; ++at) out[at] = values[(start + at + at / 5) % 5];
  return out;
}

/// Operands, the answer of the plain loops, and their time.
struct problem {
  std::string title;
  double flops = 0;
  std::vector<float> left, right, answer, expected;
  double naive_seconds = std::numeric_limits<double>::infinity();

  template <class Loops>
  void run_naive(const Loops& loops) {
    expected.resize(answer.size());
    for (int repeat = 0; repeat < 2; ++repeat) {
      const double start = monotonic_seconds();
      loops();
      naive_seconds = std::min(naive_seconds, monotonic_seconds() - start);
    }
  }
};

/// A kernel for a problem, and what it did.
struct contestant {
  problem* of;
  int threads;
  tuned how;
  std::function<void()> run;
  std::vector<double> seconds;

  std::string title() const {
    return of->title + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  }
};

/// Says how a kernel was found. @returns false if none was
template <class Kernel>
bool report_tuning(const result<Kernel>& made) {
  if (!made) {
    std::printf("  failed: %s\n", made.error().what());
    return false;
  }
  const tuned& how = made->how();
  if (how.origin == kernel_origin::cache) {
    std::printf("  from cache, tuning time 0\n");
  } else {
    std::printf(
        "  %s after %d candidates, tuning time %.0f s (%s)\n",
        how.origin == kernel_origin::estimate ? "the analytic schedule was the best" : "found",
        how.trials, how.tuning_seconds, how.stopped.c_str());
  }
  std::printf("  schedule: %s\n", made->trace().c_str());
  std::printf("  oracle: %s\n",
              how.checked.empty() ? "agreed when it was tuned" : how.checked.c_str());
  for (const std::string& note : how.notes) std::printf("  note: %s\n", note.c_str());
  std::fflush(stdout);
  return true;
}

/// Tunes a kernel for a problem. @returns false if that failed
template <class Operation, class Bind>
bool enter(std::vector<contestant>& contest, problem& of, const Operation& operation,
           tune_options options, const Bind& bind) {
  contest.push_back({&of, *options.threads, {}, {}, {}});
  contestant& entered = contest.back();
  std::printf("\n%s (a search takes at most %.0f s; Ctrl-C ends it with the best so far)\n",
              entered.title().c_str(), *options.time_limit);
  std::fflush(stdout);
  const tools::interruptible search;
  options.cancel = search.flag();
  const auto made = try_tune(operation, cpu(), options);
  if (!report_tuning(made)) return false;
  entered.how = made->how();
  entered.run = bind(*made);
  return true;
}

/// Runs all kernels in turn, so that a change of the machine's speed hits all of them alike.
void measure(std::vector<contestant>& contest) {
  for (int round = 0; round < rounds; ++round) {
    for (contestant& each : contest) {
      each.run();  // warm
      const double start = monotonic_seconds();
      each.run();
      each.seconds.push_back(monotonic_seconds() - start);
    }
  }
}

/// True if a kernel gives the answer of the plain loops, bit by bit.
bool is_right(contestant& each) {
  std::vector<float>& answer = each.of->answer;
  std::fill(answer.begin(), answer.end(), std::numeric_limits<float>::quiet_NaN());
  each.run();
  return std::memcmp(answer.data(), each.of->expected.data(), answer.size() * sizeof(float)) == 0;
}

/// @returns false if a result is wrong
bool report_speed(std::vector<contestant>& contest, double peak_gflops) {
  std::printf(
      "\nAll kernels in turn, %d rounds. Peak: measured fused multiply-adds, times threads.\n"
      "Speed-up: over the naive loop with -O3 -march=native and one thread.\n\n",
      rounds);
  std::printf("%-36s %8s %8s %8s %9s  %s\n", "GFLOP/s", "best", "median", "of peak", "speed-up",
              "result");
  bool right = true;
  for (contestant& each : contest) {
    const double work = each.of->flops * 1e-9;
    const double best = work / minimum(each.seconds);
    const double middle = work / median(each.seconds);
    const bool equal = is_right(each);
    right = right && equal;
    std::printf("%-36s %8.1f %8.1f %6.0f %% %8.0fx  %s naive loop's (%.2f GFLOP/s)\n",
                each.title().c_str(), best, middle, 100 * best / (peak_gflops * each.threads),
                best * each.of->naive_seconds / work,
                equal ? "bitwise equal to the" : "DIFFERS from the", work / each.of->naive_seconds);
  }
  return right;
}

int failed(const std::string& reason) {
  std::printf("\nquickstart: FAILED: %s\n", reason.c_str());
  return 1;
}

}  // namespace

int main(int count, char** words) {
  double time_limit = 35;
  CLI::App app("Tunes a layer of YOLO-v1 and a matrix product; checks and times the results.");
  app.add_option("--time-limit", time_limit, "seconds of search per kernel")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  CLI11_PARSE(app, count, words);

  const result<cpu_target> target = native::host_target();
  if (!target) return failed(target.error().what());
  const result<native::jit> compiler = native::jit::create(*target);
  if (!compiler) return failed(compiler.error().what());
  const result<native::cpu_peak> peak = native::measured_peak(*compiler, *target);
  if (!peak) return failed(peak.error().what());
  std::printf("%s, %s, %d CPU%s; peak of one thread %.1f GFLOP/s (f32)\n", target->model.c_str(),
              name_of(target->set), target->threads, target->threads == 1 ? "" : "s",
              peak->f32_gflops);
  const std::string folder = cache::open().directory();
  std::printf("cache: %s\n", folder.empty() ? "none, results are kept in memory" : folder.c_str());

  const auto layer = ops::conv2d(1, channels, image, image, filters, 3, 1, 1);
  problem convolution{"conv2d YOLO-v1 C8", describe(layer).flops(), {}, {}, {}, {}};
  convolution.left = small_integers(std::size_t{channels} * image * image, 0);
  convolution.right = small_integers(std::size_t{filters} * channels * 3 * 3, 3);
  convolution.answer.resize(std::size_t{filters} * image * image);
  convolution.run_naive([&] {
    naive::conv2d_3x3(channels, image, image, filters, convolution.left.data(),
                      convolution.right.data(), convolution.expected.data());
  });

  const auto matrices = ops::gemm(size, size, size);
  problem product{"gemm 1024 x 1024 x 1024", describe(matrices).flops(), {}, {}, {}, {}};
  product.left = small_integers(std::size_t{size} * size, 0);
  product.right = small_integers(std::size_t{size} * size, 3);
  product.answer.resize(std::size_t{size} * size);
  product.run_naive([&] {
    naive::gemm(size, size, size, product.left.data(), product.right.data(),
                product.expected.data());
  });

  std::vector<contestant> contest;
  for (int threads = 1; threads <= std::min(2, target->threads); ++threads) {
    const bool entered =
        enter(contest, convolution, layer,
              {.time_limit = time_limit, .threads = threads, .bound = {"W"}},
              [&](const auto& kernel) -> std::function<void()> {
                const auto layer_kernel = kernel.bind("W"_a = convolution.right);
                return [=, &convolution] { layer_kernel(convolution.left, convolution.answer); };
              }) &&
        enter(contest, product, matrices, {.time_limit = time_limit, .threads = threads},
              [&](const auto& kernel) -> std::function<void()> {
                return [=, &product] { kernel(product.left, product.right, product.answer); };
              });
    if (!entered) return failed("no kernel for " + contest.back().title());
  }

  measure(contest);
  if (!report_speed(contest, peak->f32_gflops)) return failed("a result is wrong");
  std::printf("\nquickstart: ok\n");
  return 0;
}
