#include <lathe/core/random.hpp>
#include <lathe/model/network.hpp>

#include <array>
#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

namespace {

constexpr std::array<std::size_t, 4> widths{3, 8, 6, 2};

/// sum of (output - wanted)^2 for two rows.
double loss_of(network& of) {
  const float rows[2][3] = {{0.2F, -0.7F, 1}, {-0.4F, 0.9F, 0.3F}};
  const float wanted[2][2] = {{1, -1}, {0.5F, 2}};
  double sum = 0;
  for (int row = 0; row < 2; ++row) {
    const auto got = of.outputs(rows[row]);
    std::array<float, 2> slopes{};
    for (std::size_t n = 0; n < 2; ++n) {
      const double off = static_cast<double>(got[n]) - wanted[row][n];
      sum += off * off;
      slopes[n] = static_cast<float>(2 * off);
    }
    of.back_propagate(slopes);
  }
  return sum;
}

}  // namespace

TEST_CASE("network: gradients are the finite differences of the loss") {
  network net(widths, 3);
  loss_of(net);
  const sequence<float> gradients(net.gradients().begin(), net.gradients().end());
  REQUIRE(gradients.size() == (3 + 1) * 8 + (8 + 1) * 6 + (6 + 1) * 2);
  int large = 0;
  for (std::size_t n = 0; n < gradients.size(); ++n) {
    constexpr float step = 1e-3F;
    const float at = net.weights()[n];
    net.weights()[n] = at + step;
    const double up = loss_of(net);
    net.weights()[n] = at - step;
    const double down = loss_of(net);
    net.weights()[n] = at;
    CAPTURE(n);
    CHECK(gradients[n] == doctest::Approx((up - down) / (2 * step)).epsilon(0.01).scale(1));
    if (std::abs(gradients[n]) > 0.1F) ++large;
  }
  CHECK(large > 20);  // a test of zeros would be none
}

TEST_CASE("network: a single layer is affine") {
  const std::array<std::size_t, 2> one{2, 1};
  network net(one, 1);
  const std::span<float> weights = net.weights();
  weights[0] = 2, weights[1] = -3, weights[2] = 0.5F;
  const float at[] = {1, 4};
  CHECK(net.outputs(at)[0] == doctest::Approx(2 - 12 + 0.5));
}

TEST_CASE("network: AdaDelta learns a function that is not linear") {
  const std::array<std::size_t, 5> four_layers{2, 32, 32, 32, 1};
  network net(four_layers, 7);
  random_engine engine(1);
  const auto wanted = [](float x, float y) { return (x > 0.5F) != (y > 0.5F) ? 1.0F : 0.0F; };
  const auto mean_square = [&] {
    double sum = 0;
    for (int n = 0; n < 400; ++n) {
      const float at[] = {static_cast<float>(n % 20) / 19, static_cast<float>(n / 20) / 19};
      const float off = net.outputs(at)[0] - wanted(at[0], at[1]);
      sum += static_cast<double>(off) * off / 400;
    }
    return sum;
  };
  const double before = mean_square();
  for (int batch = 0; batch < 1500; ++batch) {
    for (int n = 0; n < 32; ++n) {
      const float at[] = {static_cast<float>(engine.uniform()),
                          static_cast<float>(engine.uniform())};
      const float slope[] = {2 * (net.outputs(at)[0] - wanted(at[0], at[1])) / 32};
      net.back_propagate(slope);
    }
    net.step({});
  }
  CHECK(before > 0.2);
  CHECK(mean_square() < 0.05);
}

TEST_CASE("network: one AdaDelta step by hand; copies have the weights alone") {
  const std::array<std::size_t, 2> one{1, 1};
  network net(one, 1), copy(one, 2);
  net.weights()[0] = 1;
  const float at[] = {2}, slope[] = {0.5F};
  net.outputs(at);
  net.back_propagate(slope);  // gradient of the weight: 0.5 * 2
  CHECK(net.gradients()[0] == 1);
  copy.copy_weights(net);
  CHECK(copy.weights()[0] == 1);
  net.step({});
  // sqrt(1e-6) / sqrt(0.1 * 1 + 1e-6)
  CHECK(net.weights()[0] == doctest::Approx(1 - std::sqrt(1e-6 / (0.1 + 1e-6))));
  CHECK(net.gradients()[0] == 0);
  CHECK(copy.weights()[0] == 1);
}
