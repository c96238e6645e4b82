// Which conditions the space turns into loop bounds, and what is left to compute then.
#include <lathe/analysis/describe.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/transposed_convolution.hpp>
#include <lathe/space/cpu_space.hpp>
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

TEST_CASE("narrowing: every schedule of the space begins with it") {
  const program of = program_of(ops::conv_transpose2d(1, 8, 7, 7, 16, 3, 2, 1));
  const cpu_space space(of, generic_cpu(isa::avx512), {});
  const std::string first = to_text(narrowing_steps(of));
  CHECK(to_text(space.to_trace(space.estimates[0])).starts_with(first));
  CHECK(to_text(estimate_trace(of, generic_cpu(isa::avx512), {})).starts_with(first));
}
