// A matrix product: described in one line, tuned for this machine, called like a function.
//   01_gemm [seconds of search]
// The first run searches; later runs take the kernel from the cache and start at once.
#include <lathe/lathe.hpp>

#include "example.hpp"

using namespace lathe;

// An operator is an ordinary function. Axes carry extents; tensors carry an element type and a
// rank; shapes follow from how they are indexed.
constexpr auto gemm(int rows, int columns, int depth) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"k"> k{depth};
  tensor<"A", float, 2> A;
  tensor<"B", float, 2> B;
  tensor<"C", float, 2> C;
  return op<"gemm">(A, B, C)(C(i, j) = sum(k)(A(i, k) * B(k, j)));
}

// The analysis runs at compile time.
static_assert(describe(gemm(384, 512, 640)).spatial_loops() == 2);
static_assert(describe(gemm(384, 512, 640)).reduce_loops() == 1);
static_assert(describe(gemm(384, 512, 640)).flops() == 2.0 * 384 * 512 * 640);

int main(int count, char** words) {
  const int rows = 384, columns = 512, depth = 640;
  const auto a = example::small_integers(std::size_t{rows} * depth);
  const auto b = example::small_integers(std::size_t{depth} * columns);
  std::vector<float> c(std::size_t{rows} * columns), expected(c.size());

  const auto kernel = tune(gemm(rows, columns, depth), cpu(),
                           {.time_limit = example::first_number(count, words, 2)});
  std::printf("found by %s: %s\n", name_of(kernel.how().origin), kernel.trace().c_str());

  kernel(a, b, c);                          // in the order of op<"gemm">(A, B, C)
  kernel("C"_a = c, "A"_a = a, "B"_a = b);  // or by name
  const double seconds = example::best_seconds([&] { kernel(a, b, c); });
  std::printf("%.1f GFLOP/s\n", 2e-9 * rows * columns * depth / seconds);

  // Wrong arguments are refused; try_ calls return the error instead of throwing it.
  std::vector<float> too_small(10);
  if (const auto problem = kernel.try_call(a, b, too_small)) std::printf("%s\n", problem->what());

  evaluate(gemm(rows, columns, depth), a, b, expected);  // the same formula as plain loops
  return example::finish(c == expected);
}
