// The same formulas on an NVIDIA GPU: tune(op, cuda()). Driver and NVRTC are opened at run time, so
// that this builds and runs everywhere; without them it says what is missing.
//   06_gpu [seconds of search]
#include <lathe/cuda.hpp>

#include "example.hpp"

using namespace lathe;

// C[i,j] = sum_k A[i,k] M[k,j] with a block-circulant matrix M, as in 03_custom_operator.
constexpr auto circulant_product(int rows, int columns, int depth, int block) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"k"> k{depth};
  tensor<"A", float, 2> A;
  tensor<"w", float, 3> w;
  tensor<"C", float, 2> C;
  return op<"circulant_product">(A, w, C)(
      C(i, j) = sum(k)(A(i, k) * w(k / block, j / block, (j % block + block - k % block) % block)));
}

// Tunes an operator with two inputs, runs it on memory of the host, and compares.
template <class Operation>
bool runs_right(const char* name, const Operation& operation, const tune_options& options,
                const std::vector<float>& left, const std::vector<float>& right,
                std::size_t results) {
  const auto kernel = tune(operation, cuda(), options);
  std::vector<float> got(results), expected(results);
  kernel.on_host(left, right, got);  // copies; with memory of the device: kernel(a, b, c)
  evaluate(operation, left, right, expected);
  std::printf("%s, found by %s: %.0f us, %.0f GFLOP/s\n", name, name_of(kernel.how().origin),
              kernel.how().median_seconds * 1e6, kernel.how().gflops());
  for (const std::string& note : kernel.how().notes) std::printf("  %s\n", note.c_str());
  return got == expected;
}

int main(int count, char** words) {
  std::printf("%s\n", gpu::availability().c_str());
  if (!gpu::context::current_or_primary() || !gpu::nvrtc::create()) {
    std::puts("[SKIP] this example needs an NVIDIA GPU, its driver and NVRTC");
    return 0;
  }
  const int rows = 512, columns = 512, depth = 512, block = 16;
  const tune_options options{.time_limit = example::first_number(count, words, 10)};
  const auto a = example::small_integers(std::size_t{rows} * depth);
  const auto b = example::small_integers(std::size_t{depth} * columns);
  const auto w = example::small_integers(std::size_t{depth} / block * columns);
  const std::size_t results = std::size_t{rows} * columns;
  const bool product =
      runs_right("matrix product", ops::gemm(rows, columns, depth), options, a, b, results);
  const bool circulant =
      runs_right("block-circulant product", circulant_product(rows, columns, depth, block), options,
                 a, w, results);
  return example::finish(product && circulant);
}
