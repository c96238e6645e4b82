// A convolution layer of YOLO-v1 for inference: the weights stay the same over many calls, so they
// are packed once, in bind(), and the search knows that packing them costs nothing per call.
//   02_conv2d_yolo [seconds of search]
#include <lathe/lathe.hpp>

#include "example.hpp"

using namespace lathe;

int main(int count, char** words) {
  // Layer C7: 28 x 28 pixels, 512 channels in, 256 out, 1 x 1 kernels. Images are N C H W.
  const int channels = 512, filters = 256, image = 28, kernel_size = 1;
  const auto layer = ops::conv2d(1, channels, image, image, filters, kernel_size);

  const auto x = example::small_integers(std::size_t{channels} * image * image);
  const auto w =
      example::small_integers(std::size_t{filters} * channels * kernel_size * kernel_size);
  std::vector<float> y(std::size_t{filters} * image * image), expected(y.size());

  const auto kernel =
      tune(layer, cpu(), {.time_limit = example::first_number(count, words, 2), .bound = {"W"}});
  const auto convolve = kernel.bind("W"_a = w);  // owns the packed weights
  convolve(x, y);                                // takes what is left: input and output

  const double seconds = example::best_seconds([&] { convolve(x, y); });
  std::printf("found by %s: %.1f GFLOP/s\n", name_of(kernel.how().origin),
              describe(layer).flops() * 1e-9 / seconds);

  evaluate(layer, x, w, expected);
  return example::finish(y == expected);
}
