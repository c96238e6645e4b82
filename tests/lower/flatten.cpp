// flatten: the exact nests of small cases, and what is refused.
#include <lathe/analysis/describe.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/transposed_convolution.hpp>

#include "columns.hpp"
#include "lower/nest_text.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using lathe::test::check_refused;
using lathe::test::nest_of;
using ::test::columns;

namespace {

/// Neighbouring axes in the result, in the sum and in both operands; nothing in lathe/ops is like
/// it.
constexpr auto contraction(int rows, int p, int q, int y, int x) {
  axis<"i"> i{rows};
  axis<"y"> yy{y};
  axis<"x"> xx{x};
  axis<"p"> pp{p};
  axis<"q"> qq{q};
  tensor<"A", float, 3> A;
  tensor<"B", float, 4> B;
  tensor<"C", float, 3> C;
  return op<"contraction">(A, B, C)(C(i, yy, xx) = sum(pp, qq)(A(i, pp, qq) * B(pp, qq, yy, xx)));
}

/// Conditions, conversions and gathers that ask for both axes as one, or for one alone.
template <int Kind>
constexpr auto questions(int height, int width) {
  axis<"y"> y{height};
  axis<"x"> x{width};
  tensor<"A", float, 2> A{height, width};
  tensor<"G", int, 2> G{height, width};
  tensor<"R", int, 1> R{height};
  tensor<"B", float, 2> B;
  const auto both = y * width + x;
  const auto value = select(both < 7, A(y, x), 0) + A(G(y, x), 0) * cast<float>(both % 5);
  const auto of = op<"questions">(A, G, R, B);
  if constexpr (Kind == 0)
    return of(B(y, x) = value + cast<float>(R(0)));
  else if constexpr (Kind == 1)
    return of(B(y, x) = select(x < 2, value, cast<float>(R(0))));
  else
    return of(B(y, x) = select(R(y) > 0, value, 0));
}

const auto product = describe(contraction(2, 3, 4, 5, 6));
const auto single = describe(ops::conv2d(2, 3, 4, 5, 6, 1));
const auto padded = describe(ops::conv2d(1, 3, 4, 4, 2, 3, 1, 1));
const auto rows = describe(columns(6, 5));

}  // namespace

TEST_CASE("flatten: neighbouring axes are one in the loops and in all tensors") {
  CHECK(nest_of(product, "flatten(C.y, C.x -> yx); flatten(C.p, C.q -> pq)") == R"(
phase0
  for i < 2
    for yx < 30
      C[i*30 + yx] = 0.0f
      for pq < 12
        C[i*30 + yx] = C[i*30 + yx] + A[i*12 + pq] * B[pq*30 + yx]
)");
  // The new axis may have the name of an old one, and layouts name the joined dimension.
  CHECK(nest_of(product,
                "flatten(C.y, C.x -> x); flatten(C.p, C.q -> p); pack(B -> Bp, [x/8 p x%8]); "
                "split(C.x -> x0:_, x1:8); reorder(C: i x0 p x1); vectorize(C.x1)")
            .find("Bp[x0*96 + p*8 + x1]") != std::string::npos);
}

TEST_CASE("flatten: a chain of stages, producers first; an axis of one iteration joins any other") {
  CHECK(nest_of(
            single,
            "flatten(P.yp, P.xp -> p); flatten(Y.y, Y.x -> yx); flatten(Y.rc, Y.ry, Y.rx -> rc)") ==
        R"(
phase0
  for n < 2
    for c < 3
      for p < 20
        P[n*60 + c*20 + p] = X[n*60 + c*20 + p]
phase1
  for n < 2
    for f < 6
      for yx < 20
        Y[n*120 + f*20 + yx] = 0.0f
        for rc < 3
          Y[n*120 + f*20 + yx] = Y[n*120 + f*20 + yx] + P[n*60 + rc*20 + yx] * W[f*3 + rc]
)");
  CHECK(nest_of(padded, "flatten(P.n, P.c -> c); flatten(Y.n, Y.f -> f)") == nest_of(padded, ""));
}

TEST_CASE("flatten: other stages keep their axes") {
  CHECK(nest_of(rows, "flatten(T.y, T.x -> t)") == R"(
phase0
  for t < 30
    T[t] = A[t] * A[t]
phase1
  for v < 4
    for u < 5
      S[v*5 + u] = 0.0f
      for r < 3
        S[v*5 + u] = S[v*5 + u] + T[r*5 + v*5 + u]
)");
  CHECK(nest_of(rows, "flatten(T.y, T.x -> t); flatten(S.v, S.u -> s); compute_at(T, S.s)") == R"(
phase0
  for s < 20
    for t < 11
      T[t] = A[s + t] * A[s + t]
    S[s] = 0.0f
    for r < 3
      S[s] = S[s] + T[r*5]
)");
}

TEST_CASE("flatten: conditions and values over both axes as one are no obstacle") {
  const std::string text = nest_of(describe(questions<0>(3, 4)), "flatten(B.y, B.x -> v)");
  CHECK_MESSAGE(text.find("for v < 12") != std::string::npos, text);
  CHECK_MESSAGE(text.find("A[i64(G[v])*4]") != std::string::npos, text);
  check_refused(describe(questions<1>(3, 4)), "flatten(B.y, B.x -> v)", "asks for them one by one");
  check_refused(describe(questions<2>(3, 4)), "flatten(B.y, B.x -> v)",
                "'R' is read with other distances between its elements");
}

TEST_CASE("flatten: what is illegal says why") {
  check_refused(padded, "flatten(Y.y, Y.x -> yx)", "'P' is computed with axes of their own");
  check_refused(padded, "flatten(Y.y, Y.x -> yx)", "LATHE-E203");
  check_refused(padded, "flatten(P.yp, P.xp -> p)",
                "'X' is read with other distances between its elements");
  check_refused(padded, "inline(P); flatten(Y.y, Y.x -> yx)", "asks for them one by one");
  check_refused(single, "inline(P); flatten(Y.n, Y.f -> f)",
                "'W' is read with other distances between its elements");
  check_refused(product, "flatten(C.i, C.x -> ix)", "'x' does not follow 'i'");
  check_refused(product, "flatten(C.x, C.y -> xy)", "'y' does not follow 'x'");
  check_refused(product, "flatten(C.x, C.p -> xp)", "all spatial or all of the sum");
  check_refused(product, "flatten(C.y, C.z -> yz)", "stage 'C' has no axis 'z'");
  check_refused(product, "flatten(C.y -> y)", "at least two axes");
  check_refused(product, "flatten(C.y, C.x -> i)", "the name 'i' is taken");
  check_refused(product, "unroll(C.x); flatten(C.y, C.x -> yx)",
                "flatten comes before the other steps of stage 'C'");
  check_refused(product, "pack(B -> Bp, [d0 d1 d3 d2]); flatten(C.y, C.x -> yx)", "'Bp'");
  check_refused(describe(ops::conv2d(1, 1, 4, 4, 1, 3, 1, 1)),
                "narrow(Y.ry: y); flatten(Y.rc, Y.ry -> r)", "'ry' is narrowed");
  check_refused(product, "pad(C.x, 64); flatten(C.y, C.x -> yx)", "flatten comes first");
}

TEST_CASE("flatten: axes that decide how far others run stay") {
  check_refused(describe(ops::conv_transpose1d(1, 2, 4, 3, 4, 2, 1)),
                "phase(Y.x -> xr:2, xq:_); narrow(Y.rx: xr); flatten(Y.f, Y.xr -> fx)",
                "the axes cannot be one");
}
