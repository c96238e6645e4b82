// phase and narrow: the exact nests of small cases, and what is refused.
#include <lathe/analysis/describe.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/transposed_convolution.hpp>

#include "lower/nest_text.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using lathe::test::check_refused;
using lathe::test::nest_of;

namespace {

/// Twice as many points by repeating every one; its weights see holes, as no operator's do.
constexpr auto smoothed(int length) {
  axis<"x"> x{2 * length - 1};
  axis<"r"> r{2};
  tensor<"A", float, 1> A{length};
  tensor<"B", float, 1> B;
  tensor<"S", float, 1> S;
  return op<"smoothed">(A, B, S)(S(x) = sum(r)(B(r) * select((x + r) % 2 == 0, A((x + r) / 2), 0)));
}

constexpr auto triangular(int size) {
  axis<"i"> i{size};
  axis<"k"> k{size};
  tensor<"L", float, 2> L{size, size};
  tensor<"B", float, 1> B{size};
  tensor<"T", float, 1> T;
  return op<"triangular">(L, B, T)(T(i) = sum(k)(select(k <= i, L(i, k), 0) * B(k)));
}

const auto gemm = describe(ops::gemm(6, 5, 4));
const auto conv = describe(ops::conv2d(1, 1, 4, 4, 2, 3, 1, 1));
const auto spread = describe(ops::conv_transpose1d(1, 2, 4, 3, 4, 2, 1));

}  // namespace

TEST_CASE("phase: the iterations of one remainder run together") {
  CHECK(nest_of(describe(smoothed(4)), "phase(S.x -> xr:2, xq:_)") == R"(
phase0
  for xr < 2
    for xq < (-xr)/2 + 4
      S[xq*2 + xr] = 0.0f
      for r < 2
        S[xq*2 + xr] = S[xq*2 + xr] + B[r] * select((r + xr)%2 == 0, A[(r + xr)/2 + xq], 0.0f)
)");
}

TEST_CASE("narrow: a congruence becomes start and step of the loop") {
  CHECK(nest_of(describe(smoothed(4)), "phase(S.x -> xr:2, xq:_); narrow(S.r: xr)") == R"(
phase0
  for xr < 2
    for xq < (-xr)/2 + 4
      S[xq*2 + xr] = 0.0f
      S[xq*2 + xr] = S[xq*2 + xr] + B[(-xr)%2] * A[((-xr)%2 + xr)/2 + xq]
)");
  // Without phases the terms depend on x itself.
  CHECK(nest_of(describe(smoothed(4)), "narrow(S.r: x)") == R"(
phase0
  for x < 7
    S[x] = 0.0f
    S[x] = S[x] + B[(-x)%2] * A[((-x)%2 + x)/2]
)");
}

TEST_CASE("narrow: comparisons become the first and the last iteration") {
  CHECK(nest_of(conv, "narrow(Y.ry: y); inline(P)") == R"(
phase0
  for f < 2
    for y < 4
      for x < 4
        Y[f*16 + y*4 + x] = 0.0f
        for ry < min(3, 5 - y) - max(0, 1 - y)
          for rx < 3
            Y[f*16 + y*4 + x] = Y[f*16 + y*4 + x] + select(rx + x >= 1 && rx + x < 5, X[max(0, 1 - y)*4 + ry*4 + y*4 + rx + x - 5], 0.0f) * W[f*9 + max(0, 1 - y)*3 + ry*3 + rx]
)");
  CHECK(nest_of(describe(triangular(5)), "narrow(T.k: i)") == R"(
phase0
  for i < 5
    T[i] = 0.0f
    for k < i + 1
      T[i] = T[i] + L[i*5 + k] * B[k]
)");
}

TEST_CASE("narrow: an intermediate keeps the elements that are read") {
  // D and P lose their holes: D is the input, P the input with a border.
  CHECK(nest_of(spread,
                "phase(Y.x -> xr:2, xq:_); narrow(Y.rx: xr); narrow(P.xp); narrow(D.xe); "
                "inline(D); reorder(Y: n xr f rc rx xq); vectorize(Y.xq); unroll(Y.rx)") == R"(
phase0
  for c < 2
    for xp < 6
      P[c*6 + xp] = select(xp*2 >= 2 && xp*2 < 9, X[c*4 + xp - 1], 0.0f)
phase1
  for xr < 2
    for f < 3
      vectorized xq < 4
        Y[f*8 + xq*2 + xr] = 0.0f
      for rc < 2
        unrolled rx < 2
          vectorized xq < 4
            Y[f*8 + xq*2 + xr] = Y[f*8 + xq*2 + xr] + P[rc*6 + ((-xr)%2 + xr)/2 + rx + xq] * W[rc*12 + f*4 - rx*2 - (-xr)%2 + 3]
)");
}

TEST_CASE("narrow: one copy of straight code per trip count, chosen outside the sum") {
  CHECK(nest_of(describe(ops::conv_transpose1d(1, 1, 3, 1, 3, 2, 2)),
                "inline(D); phase(Y.x -> xr:2, xq:_); narrow(Y.rx: xr); narrow(P.xp); "
                "unroll(Y.rx); cache_write(Y, register); unroll(P.xp)") == R"(
phase0
  unrolled xp < 3
    P[xp] = X[xp]
phase1
  for xr < 2
    for xq < (-xr)/2 + 2
      if (-(-xr)%2)/2 + 2 == 2
        Y_acc[0] = 0.0f
        unrolled rx < 2
          Y_acc[0] = Y_acc[0] + P[((-xr)%2 + xr)/2 + rx + xq] * W[2 - rx*2 - (-xr)%2]
        Y[xq*2 + xr] = Y_acc[0]
      else
        Y_acc[0] = 0.0f
        Y_acc[0] = Y_acc[0] + P[((-xr)%2 + xr)/2 + xq] * W[2 - (-xr)%2]
        Y[xq*2 + xr] = Y_acc[0]
)");
}

TEST_CASE("narrow: a loop that may have nothing to do is skipped") {
  // One tap, every second point: the others are empty sums.
  CHECK(nest_of(describe(ops::conv_transpose1d(1, 1, 3, 1, 1, 2)),
                "inline(D); inline(P); "
                "narrow(Y.rx: x)") == R"(
phase0
  for x < 5
    Y[x] = 0.0f
    if (-(-x)%2)/2 + 1 > 0
      for rx < (-(-x)%2)/2 + 1
        Y[x] = Y[x] + X[((-x)%2 + x)/2 + rx] * W[-rx*2 - (-x)%2]
)");
}

TEST_CASE("phase: what is refused") {
  check_refused(spread, "phase(Y.q -> a:2, b:_)", "has no axis 'q'; its axes are: n f x rc rx");
  check_refused(spread, "phase(Y.rx -> a:2, b:_)", "'rx' is a reduce axis; narrow it");
  check_refused(spread, "phase(Y.x -> a:9, b:_)", "'x' has 8 iterations, less than 9");
  check_refused(spread, "phase(Y.x -> f:2, b:_)", "the name 'f' is taken");
  check_refused(spread, "phase(Y.x -> a:2, a:_)", "the name 'a' is taken");
  check_refused(spread, "phase(Y.x -> a:2, b:4)", "then the rest: xr:2, xq:_");
  check_refused(spread, "unroll(Y.rx); phase(Y.x -> a:2, b:_)", "comes before the other steps");
  check_refused(spread, "phase(Y.x -> a:3, b:_); phase(Y.b -> c:2, d:_)", "has phases");
  check_refused(spread, "phase(Y.x -> a:3, b:_); reorder(Y: n f b a rc rx)",
                "the loops of 'b' of stage 'Y' must run inside those of 'a'");
  check_refused(spread, "phase(D.xe -> a:2, b:_); inline(D)", "has phases; inline comes first");
  check_refused(spread, "phase(D.xe -> a:2, b:_); compute_at(D, P.xp)", "has phases, so only all");
  check_refused(spread, "phase(Y.x -> a:2, b:_); rfactor(Y.rc)", "rfactor comes before phase");
  check_refused(spread, "phase(Y.x -> a:3, b:_); fuse(Y.a, Y.b -> ab)", "different trip counts");
}

TEST_CASE("narrow: what is refused") {
  check_refused(gemm, "narrow(C.k: i)",
                "no condition of the terms of 'C' is about 'k' and i alone");
  check_refused(spread, "narrow(Y.rx)", "no condition of the terms of 'Y' is about 'rx' alone");
  check_refused(spread, "narrow(Y.rx: f)", "about 'rx' and f alone");
  check_refused(spread, "narrow(Y.rx: rc)", "'rc' is a reduce axis");
  check_refused(spread, "narrow(Y.rx: z)", "has no axis 'z'");
  check_refused(spread, "narrow(Y.x)", "computes an output");
  check_refused(spread, "narrow(P.xp)", "are not known to lie a fixed distance apart");
  check_refused(spread, "narrow(P.xp: n)", "'xp' is no reduce axis; write narrow(P.xp)");
  check_refused(spread, "narrow(Y.rx: x); narrow(Y.rx: x)", "'rx' is narrowed already");
  check_refused(spread, "unroll(Y.f); narrow(Y.rx: x)", "comes before the other steps");
  check_refused(spread, "narrow(Y.rx: x); reorder(Y: n f rc rx x)",
                "the loops of 'rx' of stage 'Y' must run inside those of 'x'");
  check_refused(spread, "narrow(Y.rx: x); vectorize(Y.x)", "is vectorized, but 'rx' runs");
  check_refused(describe(triangular(2000)), "narrow(T.k: i)", "more than 1024 different");
  // With one tap some sums are empty: the accumulator must be cleared all the same.
  const auto empty = describe(ops::conv_transpose1d(1, 2, 4, 3, 1, 2));
  check_refused(empty, "narrow(Y.rx: x); reorder(Y: n f x rx rc); cache_write(Y at Y.rx, register)",
                "starts inside a loop of 'rx', which does not always run");
  check_refused(empty, "inline(D); narrow(Y.rx: x); compute_at(P, Y.x)",
                "may have nothing to read");
}

TEST_CASE("narrow: terms are left out only where they count for nothing") {
  // A product of sums: the condition is in one factor of one summand.
  constexpr auto shifted = [] {
    axis<"x"> x{6};
    axis<"r"> r{4};
    tensor<"A", float, 1> A{12};
    tensor<"B", float, 1> B;
    tensor<"S", float, 1> S;
    return op<"shifted">(A, B,
                         S)(S(x) = sum(r)((select((x + r) % 2 == 0, A(x + r), 0) + 1) * B(r)));
  };
  check_refused(describe(shifted()), "narrow(S.r: x)", "no condition of the terms");
  // The largest of values and zeros is not the largest of the values.
  constexpr auto largest = [](auto reducer) {
    axis<"x"> x{6};
    axis<"r"> r{4};
    tensor<"A", float, 1> A{12};
    tensor<"S", float, 1> S;
    return op<"largest">(A, S)(S(x) = reducer(r)(select((x + r) % 2 == 0, A(x + r), 0)));
  };
  check_refused(describe(largest([](auto r) { return max(r); })), "narrow(S.r: x)",
                "no condition of the terms");
  CHECK(nest_of(describe(largest([](auto r) { return sum(r); })), "narrow(S.r: x)").find("LATHE") ==
        std::string::npos);
}
