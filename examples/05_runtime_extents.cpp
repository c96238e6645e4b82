// A simulation loop whose grid is known only when the program runs: Jacobi sweeps for Laplace's
// equation on doubles, input and output swapped after every sweep.
//   05_runtime_extents [depth height width [seconds of search]]
#include <lathe/lathe.hpp>

#include "example.hpp"
#include <cmath>
#include <utility>

using namespace lathe;

// One type for all grids: the extents are values. `weight` is a number given with each call.
auto jacobi(int depth, int height, int width) {
  axis<"z"> z{depth};
  axis<"y"> y{height};
  axis<"x"> x{width};
  param<"weight", double> weight;
  tensor<"U", double, 3> U{depth, height, width};  // read under select: its shape is declared
  tensor<"V", double, 3> V;
  return op<"jacobi">(weight, U, V)(
      V(z, y, x) =
          select(z > 0 && z < depth - 1 && y > 0 && y < height - 1 && x > 0 && x < width - 1,
                 weight * (U(z - 1, y, x) + U(z + 1, y, x) + U(z, y - 1, x) + U(z, y + 1, x) +
                           U(z, y, x - 1) + U(z, y, x + 1)),
                 U(z, y, x)));
}

int main(int count, char** words) {
  const int depth = count > 3 ? std::atoi(words[1]) : 50;
  const int height = count > 3 ? std::atoi(words[2]) : 60;
  const int width = count > 3 ? std::atoi(words[3]) : 70;
  const double limit = count > 4 ? std::atof(words[4]) : 2;
  const int sweeps = 40;
  const std::size_t points = std::size_t(depth) * std::size_t(height) * std::size_t(width);

  // A hot bottom, everything else cold. Both buffers need the boundary, which sweeps copy.
  std::vector<double> now(points), next(points);
  for (std::size_t at = 0; at < std::size_t(height) * std::size_t(width); ++at) now[at] = 100;
  std::vector<double> plain_now = now, plain_next(points);

  const auto operation = jacobi(depth, height, width);
  const auto sweep = tune(operation, cpu(), {.time_limit = limit});
  const double weight = 1.0 / 6;
  for (int step = 0; step < sweeps; ++step) {
    sweep(weight, now, next);  // input and output must not overlap: two buffers
    std::swap(now, next);
  }
  for (int step = 0; step < sweeps; ++step) {
    evaluate(operation, weight, plain_now, plain_next);
    std::swap(plain_now, plain_next);
  }

  const double seconds = example::best_seconds([&] { sweep(weight, now, next); });
  std::printf("%d x %d x %d, found by %s: %.2f GFLOP/s, %.1f million points per second\n", depth,
              height, width, name_of(sweep.how().origin),
              describe(operation).flops() * 1e-9 / seconds, 1e-6 * double(points) / seconds);

  // Fused multiply-adds round once where the plain loops round twice.
  double largest = 0;
  for (std::size_t at = 0; at < points; ++at)
    largest = std::fmax(largest, std::fabs(now[at] - plain_now[at]));
  std::printf("largest difference after %d sweeps: %.1e\n", sweeps, largest);
  return example::finish(largest < 1e-10);
}
