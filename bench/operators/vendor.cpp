/// @file
/// lathe against OpenBLAS and oneDNN, interleaved in one process: a matrix product and a layer of
/// YOLO-v1, f32, one thread. Run by tools/bench, which sets the environment that the peers read
/// when they are loaded.
///   vendor [seconds of search per kernel, default 60] [blocks, default 31]
#include <lathe/lathe.hpp>

#include <algorithm>
#include <cblas.h>
#include <cstdio>
#include <cstdlib>
#include <dnnl.hpp>
#include <functional>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using namespace lathe;

/// One implementation: what it is called, what it computes into, how long its calls took.
struct contestant {
  std::string name;
  std::function<void()> run;
  const std::vector<float>* result = nullptr;  ///< null: not compared (another layout)
  std::vector<double> seconds;
};

/// Small integers, none of them zero: their sums of products are exact in any order.
std::vector<float> small_integers(std::size_t count, std::size_t start) {
  constexpr float values[] = {1, -2, 2, -1, 1};
  std::vector<float> out(count);
  for (std::size_t at = 0; at < count; ++at) out[at] = values[(start + at + at / 5) % 5];
  return out;
}

/// Times all in turn, in an order that rotates, so that neither drifts of the machine's speed nor
/// what the one before left in the caches favours anyone.
void run_interleaved(std::vector<contestant>& all, int blocks) {
  for (int block = 0; block < blocks; ++block) {
    for (std::size_t turn = 0; turn < all.size(); ++turn) {
      contestant& now = all[(turn + static_cast<std::size_t>(block)) % all.size()];
      now.run();  // warm
      const double start = monotonic_seconds();
      now.run();
      now.seconds.push_back(monotonic_seconds() - start);
    }
  }
}

/// Speed of all, and of the first relative to the others. @returns false if results differ
bool report(const std::string& title, double flops, const std::vector<contestant>& all) {
  const contestant& ours = all.front();
  std::printf("\n%s, %zu blocks\n%-36s %8s %8s   %s\n", title.c_str(), ours.seconds.size(),
              "GFLOP/s", "best", "median", "lathe is faster by: median of ratios, ratio of bests");
  bool equal = true;
  for (const contestant& each : all) {
    std::printf("%-36s %8.1f %8.1f", each.name.c_str(), flops * 1e-9 / minimum(each.seconds),
                flops * 1e-9 / median(each.seconds));
    if (&each != &ours) {
      std::vector<double> ratios;
      for (std::size_t block = 0; block < ours.seconds.size(); ++block)
        ratios.push_back(each.seconds[block] / ours.seconds[block]);
      std::printf("   %.3f  %.3f", median(ratios), minimum(each.seconds) / minimum(ours.seconds));
      if (each.result != nullptr) {
        const bool same = *each.result == *ours.result;
        std::printf("   %s", same ? "same result" : "DIFFERENT RESULT");
        equal = equal && same;
      }
    }
    std::printf("\n");
  }
  return equal;
}

template <class Kernel>
void report_tuning(const char* title, const Kernel& kernel) {
  const tuned& how = kernel.how();
  std::printf("%s: %s, tuning time %.0f s, %d candidates\n  %s\n", title, name_of(how.origin),
              how.tuning_seconds, how.trials, kernel.trace().c_str());
}

bool compare_gemm(double time_limit, int blocks) {
  constexpr int size = 1024;
  const auto a = small_integers(std::size_t{size} * size, 0);
  const auto b = small_integers(std::size_t{size} * size, 3);
  std::vector<float> ours(a.size()), blas(a.size()), onednn(a.size());

  const auto kernel =
      tune(ops::gemm(size, size, size), cpu(), {.time_limit = time_limit, .threads = 1});
  report_tuning("gemm", kernel);
  std::vector<contestant> all;
  all.push_back({"lathe", [&] { kernel(a, b, ours); }, &ours, {}});
  all.push_back({std::string("OpenBLAS sgemm (") + openblas_get_corename() + ")",
                 [&] {
                   cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, size, size, size, 1,
                               a.data(), size, b.data(), size, 0, blas.data(), size);
                 },
                 &blas,
                 {}});
  all.push_back({"oneDNN sgemm",
                 [&] {
                   dnnl_sgemm('N', 'N', size, size, size, 1, a.data(), size, b.data(), size, 0,
                              onednn.data(), size);
                 },
                 &onednn,
                 {}});
  run_interleaved(all, blocks);
  return report("gemm 1024 x 1024 x 1024, f32, 1 thread", 2.0 * size * size * size, all);
}

/// Layer C8 of YOLO-v1 on N C H W images, weights packed beforehand on both sides.
bool compare_convolution(double time_limit, int blocks) {
  constexpr int channels = 256, filters = 512, image = 28, kernel_size = 3;
  auto x = small_integers(std::size_t{channels} * image * image, 0);
  auto w = small_integers(std::size_t{filters} * channels * kernel_size * kernel_size, 3);
  std::vector<float> ours(std::size_t{filters} * image * image), theirs(ours.size());

  const auto layer = ops::conv2d(1, channels, image, image, filters, kernel_size, 1, 1);
  const auto kernel = tune(layer, cpu(), {.time_limit = time_limit, .threads = 1, .bound = {"W"}});
  report_tuning("conv2d C8", kernel);
  const auto convolve = kernel.bind("W"_a = w);

  using dnnl::memory;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto f32 = memory::data_type::f32;
  const memory::dims x_shape{1, channels, image, image}, y_shape{1, filters, image, image};
  const memory::dims w_shape{filters, channels, kernel_size, kernel_size};
  const auto own_layout = [&](const memory::dims& shape) {
    return memory::desc(shape, f32, memory::format_tag::any);
  };
  const dnnl::convolution_forward::primitive_desc plan({dnnl::prop_kind::forward_inference,
                                                        dnnl::algorithm::convolution_direct,
                                                        own_layout(x_shape),
                                                        own_layout(w_shape),
                                                        own_layout(y_shape),
                                                        {1, 1},
                                                        {1, 1},
                                                        {1, 1}},
                                                       engine);
  memory plain_x({x_shape, f32, memory::format_tag::nchw}, engine, x.data());
  memory plain_w({w_shape, f32, memory::format_tag::oihw}, engine, w.data());
  memory plain_y({y_shape, f32, memory::format_tag::nchw}, engine, theirs.data());
  memory own_x(plan.src_desc(), engine), own_w(plan.weights_desc(), engine);
  memory own_y(plan.dst_desc(), engine);
  dnnl::reorder(plain_w, own_w).execute(stream, plain_w, own_w);
  stream.wait();
  const dnnl::reorder enter(plain_x, own_x), leave(own_y, plain_y);
  const dnnl::convolution_forward convolution(plan);
  const std::unordered_map<int, memory> operands{
      {DNNL_ARG_SRC, own_x}, {DNNL_ARG_WEIGHTS, own_w}, {DNNL_ARG_DST, own_y}};

  std::vector<contestant> all;
  all.push_back({"lathe", [&] { convolve(x, ours); }, &ours, {}});
  all.push_back({std::string("oneDNN direct (") + plan.impl_info_str() + ")",
                 [&] {
                   enter.execute(stream, plain_x, own_x);
                   convolution.execute(stream, operands);
                   leave.execute(stream, own_y, plain_y);
                   stream.wait();
                 },
                 &theirs,
                 {}});
  all.push_back({"oneDNN direct, in its own layout",
                 [&] {
                   convolution.execute(stream, operands);
                   stream.wait();
                 },
                 nullptr,
                 {}});
  run_interleaved(all, blocks);
  return report("conv2d YOLO-v1 C8, N C H W in and out, weights packed beforehand, f32, 1 thread",
                describe(layer).flops(), all);
}

}  // namespace

int main(int count, char** words) {
  const double time_limit = count > 1 ? std::atof(words[1]) : 60;
  const int blocks = count > 2 ? std::max(1, std::atoi(words[2])) : 31;
  const char* threads = std::getenv("OMP_NUM_THREADS");
  if (threads == nullptr || std::string(threads) != "1") {
    std::fprintf(stderr, "vendor: OMP_NUM_THREADS must be 1 (tools/bench sets it)\n");
    return 2;
  }
  openblas_set_num_threads(1);
  const bool gemm_equal = compare_gemm(time_limit, blocks);
  const bool convolution_equal = compare_convolution(time_limit, blocks);
  const bool right = gemm_equal && convolution_equal;
  std::printf("\nbench: %s\n", right ? "ok" : "FAILED: results differ");
  return right ? 0 : 1;
}
