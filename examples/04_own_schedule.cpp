// Scheduling by hand: the text that the search writes is a language for people, too. Every step is
// checked, so that a schedule is fast, slow or refused, but never wrong.
#include <lathe/lathe.hpp>

#include "example.hpp"
#include <string>

using namespace lathe;

int main() {
  const int size = 512;
  const auto product = ops::gemm(size, size, size);
  const auto a = example::small_integers(std::size_t{size} * size);
  const auto b = example::small_integers(std::size_t{size} * size);
  std::vector<float> c(std::size_t{size} * size), expected(c.size());
  evaluate(product, a, b, expected);

  const struct {
    const char* what;
    const char* trace;
  } schedules[] = {
      {"vectors of 16 along j", "split(C.j -> j0:_, j1:16); vectorize(C.j1)"},
      // 12 x 16 results stay in registers while k runs: most loads and stores are gone.
      {"and a register tile",
       "split(C.i -> i0:_, i1:12); split(C.j -> j0:_, j1:16); reorder(C: i0 j0 k i1 j1);"
       "unroll(C.i1); vectorize(C.j1); cache_write(C, register)"},
      // B is copied, part by part, into the order in which it is read.
      {"and blocks of k with B packed",
       "split(C.i -> i0:_, i1:12); split(C.j -> j0:_, j1:16); split(C.k -> k0:_, k1:256);"
       "reorder(C: k0 j0 i0 k1 i1 j1); unroll(C.i1); vectorize(C.j1);"
       "cache_write(C at C.k0, register); cache_read(B -> Bp at C.k0, [j/16 k j%16])"},
  };
  bool right = true;
  for (const auto& [what, trace] : schedules) {
    const auto kernel = compile(product, trace, cpu(), {.threads = 1});
    const double seconds = example::best_seconds([&] { kernel(a, b, c); });
    std::printf("%-32s %6.1f GFLOP/s\n", what, 2e-9 * size * size * size / seconds);
    right = right && c == expected;
  }

  // explain() shows each step on the way to machine code; the loop nest is the readable part.
  const std::string text = compile(product, schedules[1].trace).explain();
  std::printf("\n%s\n", text.substr(0, text.find("== LLVM IR ==")).c_str());

  // The terms of a sum cannot simply be computed side by side: the reason is part of the error.
  const auto illegal = try_compile(product, "vectorize(C.k)");
  if (illegal) return example::finish(false);
  std::printf("%s\n", illegal.error().what());
  return example::finish(right);
}
