// Which conditions the space turns into loop bounds, and what is left to compute then.
#include <lathe/analysis/describe.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/transposed_convolution.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/space/estimate.hpp>
#include <lathe/space/narrowing.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/rewrite.hpp>

#include <doctest/doctest.h>

using namespace lathe;

namespace {

template <class Operation>
program program_of(const Operation& source) {
  return make_program(describe(source));
}

template <class Operation>
std::string steps_of(const Operation& source) {
  return to_text(narrowing_steps(program_of(source)));
}

/// Operations that are left of those as written.
template <class Operation>
double share_of(const Operation& source) {
  const program of = program_of(source);
  const result<program> narrowed = apply(of, narrowing_steps(of));
  REQUIRE(narrowed);
  double before = 0, after = 0;
  for (std::size_t at = 0; at < of.stages.size(); ++at) {
    if (!of.stages[at].reduction) continue;
    before += points_of(of.stages[at]);
    after += narrowed_points(*narrowed, narrowed->stages[at]);
  }
  return after / before;
}

/// Two axes in one congruence, and a tap that counts every third time.
constexpr auto diagonal(int size) {
  axis<"y"> y{size};
  axis<"x"> x{size};
  axis<"r"> r{6};
  tensor<"A", float, 2> A{size, size + 6};
  tensor<"B", float, 1> B{6};
  tensor<"C", float, 2> C;
  return op<"diagonal">(A, B,
                        C)(C(y, x) = sum(r)(select((x + y + r) % 3 == 0, A(y, x + r), 0) * B(r)));
}

/// Steps for the borders of the last stage.
template <class Operation>
std::string borders_in(const Operation& source) {
  const program of = program_of(source);
  trace steps;
  for (const border& each : borders_of(of, static_cast<int>(of.stages.size()) - 1))
    steps.steps.push_back(each.narrow);
  return to_text(steps);
}

/// Every row mixed with its neighbours, channel by channel: its padding is a condition of its own.
constexpr auto mixed(int rows, int channels) {
  axis<"y"> y{rows};
  axis<"f"> f{channels};
  axis<"t"> t{5};
  axis<"c"> c{channels};
  tensor<"A", float, 2> A{rows, channels};
  tensor<"W", float, 3> W;
  tensor<"M", float, 2> M;
  return op<"mixed">(A, W, M)(
      M(y, f) = sum(t, c)(select(y + t >= 2 && y + t < rows + 2, A(y + t - 2, c), 0) * W(t, c, f)));
}

/// A row of a triangle ends elsewhere for every point.
constexpr auto triangular(int size) {
  axis<"i"> i{size};
  axis<"j"> j{size};
  axis<"k"> k{size};
  tensor<"L", float, 2> L{size, size};
  tensor<"B", float, 2> B{size, size};
  tensor<"T", float, 2> T;
  return op<"triangular">(L, B, T)(T(i, j) = sum(k)(select(k <= i, L(i, k), 0) * B(k, j)));
}

/// A schedule of the space for a border of each kind.
std::string scheduled(const program& of) {
  return to_text(estimate_trace(of, generic_cpu(isa::avx512), {{"W"}, 1}));
}

}  // namespace

TEST_CASE("narrowing: operators without zeros between their elements stay as they are") {
  CHECK(steps_of(ops::gemm(64, 64, 64)) == "");
  CHECK(steps_of(ops::conv2d(1, 8, 14, 14, 16, 3, 2, 1)) == "");
  CHECK(steps_of(ops::conv_transpose2d(1, 8, 14, 14, 16, 3, 1, 1)) == "");
}

TEST_CASE("narrowing: the last axis gets phases, intermediates lose their holes") {
  CHECK(steps_of(ops::conv_transpose2d(1, 8, 7, 7, 16, 3, 2, 1)) ==
        "phase(Y.x -> xr:2, xq:_); narrow(Y.ry: y); narrow(Y.rx: xr); narrow(P.yp); "
        "narrow(P.xp); narrow(D.ye); narrow(D.xe)");
  CHECK(steps_of(diagonal(12)) == "narrow(C.r: y x)");
}

TEST_CASE("narrowing: what is left is counted, borders too") {
  CHECK(share_of(diagonal(12)) == doctest::Approx(1.0 / 3));
  // 13 outputs of 3 taps, 39 products: 7 of them meet one element, 6 meet two.
  CHECK(share_of(ops::conv_transpose1d(1, 8, 7, 16, 3, 2, 1)) == doctest::Approx(19.0 / 39));
  // The narrowed axes of the rows know their border: 19 of 39 again, columns as above.
  CHECK(share_of(ops::conv_transpose2d(1, 8, 7, 7, 16, 3, 2, 1)) ==
        doctest::Approx(19.0 / 39 * 19.0 / 39));
  CHECK(share_of(ops::conv_transpose1d(1, 8, 4, 16, 1, 2)) == doctest::Approx(4.0 / 7));
  const program large = program_of(ops::conv_transpose2d(1, 64, 224, 224, 3, 7, 2, 3));
  const double left = operations_of(rewritten(large, rewrites_of(large))) / operations_of(large);
  CHECK(left > 0.24);
  CHECK(left < 0.26);
}

TEST_CASE("narrowing: borders are windows that small images leave, no others") {
  CHECK(borders_in(ops::conv3d(1, 8, 4, 7, 7, 16, 3, 1, 1)) ==
        "narrow(Y.rz: z); narrow(Y.ry: y); narrow(Y.rx: x)");
  CHECK(borders_in(ops::conv_transpose2d(1, 8, 7, 7, 16, 3, 1, 1)) ==
        "narrow(Y.ry: y); narrow(Y.rx: x)");
  CHECK(borders_in(mixed(9, 8)) == "narrow(M.t: y)");
  CHECK(borders_in(ops::conv2d(1, 8, 224, 224, 16, 3, 1, 1)) == "");
  CHECK(borders_in(ops::conv2d(1, 8, 14, 14, 16, 3, 1, 0)) == "");
  CHECK(borders_in(ops::gemm(64, 64, 64)) == "");
  CHECK(borders_in(triangular(64)) == "");
  const double written = operations_of(program_of(ops::conv3d(1, 8, 4, 7, 7, 16, 3, 1, 1)));
  const program left = without_borders(program_of(ops::conv3d(1, 8, 4, 7, 7, 16, 3, 1, 1)));
  CHECK(operations_of(left) / written == doctest::Approx(10.0 / 12 * 19 / 21 * 19 / 21));
}

TEST_CASE("narrowing: the estimate leaves out what costs no rows, in rows or outside of them") {
  // The window along x runs inside the rows, which are the whole axis; the others outside.
  const std::string volume = scheduled(program_of(ops::conv3d(1, 64, 4, 7, 7, 64, 3, 1, 1)));
  CHECK(volume.find("narrow(Y.rz: z); narrow(Y.ry: y); narrow(Y.rx: x); ") < volume.find("split("));
  CHECK(volume.find("rz ry x rx f") != std::string::npos);
  CHECK(volume.find("unroll(Y.rx)") != std::string::npos);
  // The rows are half the image: which terms count would differ between tiles.
  const std::string image = scheduled(program_of(ops::conv2d(1, 512, 28, 28, 64, 3, 1, 1)));
  CHECK(image.find("narrow(Y.ry: y); ") < image.find("split("));
  const std::string own = scheduled(program_of(mixed(9, 64)));
  CHECK(own.find("narrow(M.t: y)") != std::string::npos);
}

TEST_CASE("narrowing: a border that the rows of a tile do not allow is left as it is") {
  const program of = program_of(ops::conv2d(1, 64, 7, 7, 64, 3, 1, 1));
  const cpu_space space(of, generic_cpu(isa::avx512), {});
  const auto site_of = [&](const char* name) {
    for (std::size_t at = 0; at < space.sites.size(); ++at)
      if (space.sites[at].name == name) return at;
    FAIL("no site " << name);
    return std::size_t{0};
  };
  point candidate = space.estimates[0];
  const auto steps = [&] { return to_text(space.to_trace(candidate)); };
  CHECK(candidate.choices[site_of("narrow rx Y")] == 1);
  CHECK(steps().find("unroll(Y.x)") != std::string::npos);
  candidate.choices[site_of("inner reduce Y")] = 0;  // not rx: it runs outside of the rows
  CHECK(steps().find("narrow(Y.rx: x)") == std::string::npos);
  CHECK(steps().find("unroll(Y.x)") != std::string::npos);
  candidate.choices[site_of("rows x Y")] = 0;
  CHECK(steps().find("narrow(Y.rx: x)") != std::string::npos);
  CHECK(apply(of, space.to_trace(candidate)));
  candidate.choices[site_of("narrow rx Y")] = 0;
  CHECK(steps().find("narrow(Y.rx: x)") == std::string::npos);
}

TEST_CASE("narrowing: every schedule of the space begins with it") {
  const program of = program_of(ops::conv_transpose2d(1, 8, 7, 7, 16, 3, 2, 1));
  const cpu_space space(of, generic_cpu(isa::avx512), {});
  const std::string first = to_text(narrowing_steps(of));
  CHECK(to_text(space.to_trace(space.estimates[0])).starts_with(first));
  CHECK(to_text(estimate_trace(of, generic_cpu(isa::avx512), {})).starts_with(first));
}
