// An operator that no library has: the product with a block-circulant matrix (CirCNN, MICRO 2017).
// Every block x block tile of the matrix is circulant, so it is stored as one row: with blocks of
// 16 the weights shrink by a factor of 16. lathe schedules it like any other formula.
//   03_custom_operator [seconds of search]
#include <lathe/lathe.hpp>

#include "example.hpp"

using namespace lathe;

// C[i,j] = sum_k A[i,k] M[k,j], where M[k,j] = w[k / block, j / block, (j - k) mod block].
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

// All indices are inside the tensors, and the compiler has proven it.
static_assert(describe(circulant_product(128, 256, 512, 16)).in_bounds());

int main(int count, char** words) {
  const int rows = 128, columns = 256, depth = 512, block = 16;
  const auto product = circulant_product(rows, columns, depth, block);
  const auto a = example::small_integers(std::size_t{rows} * depth);
  const auto w = example::small_integers(std::size_t{depth} / block * columns);
  std::vector<float> c(std::size_t{rows} * columns), expected(c.size());

  const auto kernel = tune(product, cpu(), {.time_limit = example::first_number(count, words, 2)});
  const double seconds = example::best_seconds([&] { kernel(a, w, c); });
  const double plain = example::best_seconds([&] { evaluate(product, a, w, expected); }, 1);
  std::printf("found by %s: %.1f GFLOP/s, %.0f times as fast as the plain loops\n",
              name_of(kernel.how().origin), describe(product).flops() * 1e-9 / seconds,
              plain / seconds);
  return example::finish(c == expected);
}
