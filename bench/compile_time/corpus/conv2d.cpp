// Seven loops and a padding stage.
#include <lathe/lathe.hpp>

using namespace lathe;

constexpr auto convolution(int channels, int filters, int image) {
  axis<"c"> c{channels};
  axis<"f"> f{filters};
  axis<"rc"> rc{channels};
  axis<"y"> y{image};
  axis<"x"> x{image};
  axis<"py"> py{image + 2};
  axis<"px"> px{image + 2};
  axis<"r"> r{3};
  axis<"s"> s{3};
  tensor<"X", float, 3> X{channels, image, image};
  tensor<"W", float, 4> W;
  tensor<"P", float, 3> P;
  tensor<"Y", float, 3> Y;
  return op<"conv2d">(X, W, Y)(
      P(c, py, px) =
          select(py >= 1 && py <= image && px >= 1 && px <= image, X(c, py - 1, px - 1), 0.f),
      Y(f, y, x) = sum(rc, r, s)(P(rc, y + r, x + s) * W(f, rc, r, s)));
}

static_assert(describe(convolution(16, 16, 14)).stage_count == 2);
