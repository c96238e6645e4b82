// Which neighbouring axes the space makes one, and what the estimate makes of it.
#include <lathe/analysis/describe.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/space/estimate.hpp>
#include <lathe/space/flattening.hpp>
#include <lathe/space/rewrite.hpp>

#include "columns.hpp"
#include "operator_list.hpp"
#include "sanitizer.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using ::test::columns;

namespace {

template <class Operation>
program program_of(const Operation& source) {
  return make_program(describe(source));
}

template <class Operation>
std::string steps_of(const Operation& source) {
  return to_text(flattening_steps(program_of(source)));
}

/// A product of two pairs of axes each, and a value per row added to it.
constexpr auto contraction(int rows, int p, int q, int y, int x) {
  axis<"i"> i{rows};
  axis<"v"> v{y};
  axis<"u"> u{x};
  axis<"j"> j{rows};
  axis<"s"> s{y};
  axis<"t"> t{x};
  axis<"a"> a{p};
  axis<"b"> b{q};
  tensor<"A", float, 3> A;
  tensor<"B", float, 4> B;
  tensor<"E", float, 1> E;
  tensor<"T", float, 3> T;
  tensor<"C", float, 3> C;
  return op<"contraction">(A, B, E, C)(T(i, v, u) = sum(a, b)(A(i, a, b) * B(a, b, v, u)),
                                       C(j, s, t) = T(j, s, t) + E(j));
}

}  // namespace

TEST_CASE("flattening: a convolution without a window is a product over pixels and channels") {
  CHECK(steps_of(ops::conv2d(1, 8, 14, 14, 16, 1)) ==
        "flatten(P.n, P.c -> c); flatten(P.yp, P.xp -> yp_xp); flatten(Y.y, Y.x -> y_x); "
        "flatten(Y.n, Y.f -> f); flatten(Y.rc, Y.ry -> rc); flatten(Y.rc, Y.rx -> rc)");
  CHECK(steps_of(ops::conv2d(3, 8, 14, 14, 16, 1)) ==
        "flatten(P.yp, P.xp -> yp_xp); flatten(Y.y, Y.x -> y_x); "
        "flatten(Y.rc, Y.ry -> rc); flatten(Y.rc, Y.rx -> rc)");
  const std::string volume = steps_of(ops::conv_transpose3d(1, 8, 3, 4, 5, 16, 1));
  CHECK(volume.find("flatten(Y.z_y, Y.x -> z_y_x)") != std::string::npos);
  CHECK(steps_of(ops::group_conv2d(2, 8, 14, 14, 16, 4, 1)).find("flatten(Y.y, Y.x -> y_x)") !=
        std::string::npos);
}

TEST_CASE("flattening: windows, strides and matrices keep their axes") {
  CHECK(steps_of(ops::conv2d(2, 8, 14, 14, 16, 3, 1, 1)) == "");
  CHECK(steps_of(ops::conv2d(2, 8, 14, 14, 16, 3)) == "");
  CHECK(steps_of(ops::conv2d(2, 8, 14, 14, 16, 1, 2)) ==
        "flatten(Y.rc, Y.ry -> rc); flatten(Y.rc, Y.rx -> rc)");
  CHECK(steps_of(ops::gemm(64, 64, 64)) == "");
  CHECK(steps_of(ops::softmax(8, 64)) == "");
  CHECK(steps_of(columns(9, 8, 3)) == "");  // legal, but neighbouring rows share what they read
  CHECK(steps_of(columns(9, 8, 1)) == "flatten(T.y, T.x -> y_x); flatten(S.v, S.u -> v_u)");
}

TEST_CASE("flattening: a product of one's own gets the tile of a matrix product") {
  const program of = program_of(contraction(96, 8, 16, 14, 14));
  CHECK(to_text(flattening_steps(of)) ==
        "flatten(T.v, T.u -> v_u); flatten(C.s, C.t -> s_t); flatten(T.a, T.b -> a_b)");
  const program flat = rewritten(of, rewrites_of(of));
  const program gemm = program_of(ops::gemm(96, 14 * 14, 8 * 16));
  const cpu_target target = generic_cpu(isa::avx512);
  const reduction_tile own = estimate(flat, target, {})[0].tile;
  const reduction_tile matrix = estimate(gemm, target, {})[0].tile;
  CHECK(own.vector_axis == matrix.vector_axis);
  CHECK(own.vectors == matrix.vectors);
  CHECK(own.rows == matrix.rows);
  CHECK(own.block == matrix.block);
  CHECK(own.unroll == matrix.unroll);
}

TEST_CASE("flattening: a stage per element has one axis") {
  axis<"i"> i{7};
  axis<"j"> j{11};
  axis<"k"> k{13};
  tensor<"A", float, 3> A;
  tensor<"B", float, 3> B;
  const program of = program_of(op<"squares">(A, B)(B(i, j, k) = A(i, j, k) * A(i, j, k)));
  const std::string steps = to_text(estimate_trace(of, generic_cpu(isa::avx512), {}));
  CHECK(steps.starts_with("flatten(B.i, B.j -> i_j); flatten(B.i_j, B.k -> i_j_k); "));
  CHECK(rewritten(of, rewrites_of(of)).stages[0].axes[0].extent == 7 * 11 * 13);
}

TEST_CASE(
    "flattening: legal, quick and finished for all operators; every schedule begins with it") {
  constexpr double most_seconds = test::address_sanitizer ? 0.2 : 0.02;
  const auto check = [&](const std::string& name, const program& of) {
    INFO(name);
    const double start = thread_seconds();
    const trace steps = flattening_steps(of);
    CHECK(thread_seconds() - start < most_seconds);
    const auto flat = apply(of, steps);
    REQUIRE(flat);
    CHECK(flattening_steps(*flat).steps.empty());
    CHECK(operations_of(*flat) == operations_of(of));
  };
  test::for_each_small_operator(check);
  test::for_each_case(check);
  const program of = program_of(ops::conv2d(1, 8, 14, 14, 16, 1));
  const cpu_space space(of, generic_cpu(isa::avx512), {});
  const std::string first = to_text(flattening_steps(of));
  CHECK(to_text(space.to_trace(space.estimates[0])).starts_with(first));
  CHECK(to_text(estimate_trace(of, generic_cpu(isa::avx512), {})).starts_with(first));
}
