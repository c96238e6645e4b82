// A solver that does not wait for tuning: its steps run at once with the analytic schedule, and
// become faster while a thread beside it searches.
//   09_background [seconds of search]
#include <lathe/background.hpp>
#include <lathe/lathe.hpp>

#include "example.hpp"
#include <chrono>
#include <utility>

using namespace lathe;

int main(int count, char** words) {
  // Steps on a grid whose border stays.
  const int side = 66;
  const auto step = ops::jacobi3d(side, side, side);
  const double own = 0.25, others = 0.125;  // a heat equation
  const auto first = example::small_integers<double>(std::size_t{side} * side * side);
  auto now = first, next = first;

  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  // One thread for the solver; where there are more CPUs, the search has one of its own.
  const auto kernel = tune_in_background(
      step, cpu(), {.time_limit = example::first_number(count, words, 3), .threads = 1});
  std::printf("after %.2f s the first step can be made\n", seconds());

  int steps = 0, seen = -1;
  while (!kernel.is_done() || seen != kernel.improvements()) {
    if (seen != kernel.improvements()) {
      seen = kernel.improvements();
      const double each = example::best_seconds([&] { kernel(own, others, now, next); });
      std::printf("after %.2f s, %d steps, %d better kernels: %.1f us per step\n", seconds(), steps,
                  seen, 1e6 * each);
    }
    kernel(own, others, now, next);
    std::swap(now, next);
    ++steps;
  }
  std::vector<double> expected = next;
  evaluate(step, own, others, first, expected);
  kernel(own, others, first, next);
  return example::finish(next == expected);
}
