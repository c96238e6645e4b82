// The exact loop nests of small cases, one per mechanism, and what build() refuses.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/lower/verify.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/transposed_convolution.hpp>

#include <doctest/doctest.h>

using namespace lathe;

namespace {

const auto gemm_6_5_4 = describe(ops::gemm(6, 5, 4));
const auto gemv_7_5 = describe(ops::gemv(7, 5));
const auto conv = describe(ops::conv2d(1, 1, 4, 4, 2, 3, 1, 1));

result<ir::nest> lowered(const desc_view& desc, const char* steps, const apply_options& options) {
  result<program> scheduled = apply(make_program(desc), parse_trace(steps).value(), options);
  REQUIRE_MESSAGE(scheduled, scheduled.error().text());
  return build(std::move(*scheduled));
}

/// The nest under a trace without the lines of its parameters, after a newline; or the refusal.
std::string nest_of(const desc_view& desc, const char* steps, const apply_options& options = {}) {
  const result<ir::nest> nest = lowered(desc, steps, options);
  if (!nest) return nest.error().what();
  CHECK(verify(*nest) == "");
  std::string text = to_text(*nest), out;
  for (std::size_t from = text.find('\n') + 1; from < text.size();) {
    const std::size_t to = text.find('\n', from) + 1;
    const std::string line = text.substr(from, to - from);
    if (!line.starts_with("  param ") && !line.starts_with("  output ")) out += line;
    from = to;
  }
  return "\n" + out;
}

/// Y[i] = the element before it, twice.
auto shifted() {
  axis<"i"> i{8};
  axis<"j"> j{8};
  tensor<"A", float, 1> A{8};
  tensor<"P", float, 1> P;
  tensor<"Y", float, 1> Y;
  return describe(op<"shifted">(A, Y)(P(i) = A(i) * 2.0f, Y(j) = select(j > 0, P(j - 1), 0)));
}

}  // namespace

TEST_CASE("without a schedule every stage is a phase") {
  CHECK(nest_of(gemm_6_5_4, "") == R"(
phase0
  for i < 6
    for j < 5
      C[i*5 + j] = 0.0f
      for k < 4
        C[i*5 + j] = C[i*5 + j] + A[i*4 + k] * B[k*5 + j]
)");
  CHECK(nest_of(conv, "") == R"(
  workspace P f32[36]
phase0
  for yp < 6
    for xp < 6
      P[yp*6 + xp] = select(yp >= 1 && yp < 5 && xp >= 1 && xp < 5, X[yp*4 + xp - 5], 0.0f)
phase1
  for f < 2
    for y < 4
      for x < 4
        Y[f*16 + y*4 + x] = 0.0f
        for ry < 3
          for rx < 3
            Y[f*16 + y*4 + x] = Y[f*16 + y*4 + x] + P[ry*6 + y*6 + rx + x] * W[f*9 + ry*3 + rx]
)");
}

TEST_CASE("every loop runs exactly the iterations that exist") {
  CHECK(nest_of(gemv_7_5, "split(y.i -> i0:_, i1:4)") == R"(
phase0
  for i0 < 2
    for i1 < min(4, 7 - i0*4)
      y[i0*4 + i1] = 0.0f
      for k < 5
        y[i0*4 + i1] = y[i0*4 + i1] + A[i0*20 + i1*5 + k] * x[k]
)");
}

TEST_CASE("static loops are specialised by the size of the tile") {
  CHECK(nest_of(gemv_7_5, "split(y.i -> i0:_, i1:4); unroll(y.i1)") == R"(
phase0
  for i0 < 2
    if min(4, 7 - i0*4) == 4
      unrolled i1 < 4
        y[i0*4 + i1] = 0.0f
        for k < 5
          y[i0*4 + i1] = y[i0*4 + i1] + A[i0*20 + i1*5 + k] * x[k]
    else
      unrolled i1 < 3
        y[i0*4 + i1] = 0.0f
        for k < 5
          y[i0*4 + i1] = y[i0*4 + i1] + A[i0*20 + i1*5 + k] * x[k]
)");
}

TEST_CASE("a parallel loop makes tasks of its phase, a vectorized one has a masked tail") {
  CHECK(nest_of(gemv_7_5, "split(y.i -> i0:_, i1:4); vectorize(y.i1); parallel(y.i0)") == R"(
phase0 parallel
  parallel i0 < 2
    if min(4, 7 - i0*4) == 4
      vectorized i1 < 4
        y[i0*4 + i1] = 0.0f
        for k < 5
          y[i0*4 + i1] = y[i0*4 + i1] + A[i0*20 + i1*5 + k] * x[k]
    else
      vectorized i1 < 3
        y[i0*4 + i1] = 0.0f
        for k < 5
          y[i0*4 + i1] = y[i0*4 + i1] + A[i0*20 + i1*5 + k] * x[k]
)");
}

TEST_CASE("a fused loop computes the loops it was made of") {
  CHECK(nest_of(gemm_6_5_4, "fuse(C.i, C.j -> ij)") == R"(
phase0
  for ij < 30
    C[ij] = 0.0f
    for k < 4
      C[ij] = C[ij] + A[(ij/5)*4 + k] * B[k*5 + ij%5]
)");
}

TEST_CASE("parts of one split may be fused again, tails included") {
  CHECK(nest_of(gemv_7_5,
                "split(y.i -> i0:_, i1:4); split(y.i0 -> o:_, p:1); fuse(y.o, y.p -> f)") == R"(
phase0
  for f < 2
    for i1 < min(4, 7 - f*4)
      y[f*4 + i1] = 0.0f
      for k < 5
        y[f*4 + i1] = y[f*4 + i1] + A[f*20 + i1*5 + k] * x[k]
)");
}

TEST_CASE("a register tile over the whole reduction") {
  CHECK(nest_of(gemm_6_5_4, "reorder(C: i k j); vectorize(C.j); cache_write(C, register)") == R"(
  registers C_acc f32[5]
phase0
  for i < 6
    vectorized j < 5
      C_acc[j] = 0.0f
    for k < 4
      vectorized j < 5
        C_acc[j] = C_acc[j] + A[i*4 + k] * B[k*5 + j]
    vectorized j < 5
      C[i*5 + j] = C_acc[j]
)");
}

TEST_CASE("a register tile that meets in memory between iterations of a reduce loop") {
  CHECK(nest_of(gemm_6_5_4,
                "split(C.j -> j0:_, j1:4); split(C.k -> k0:_, k1:2); reorder(C: i j0 k0 k1 j1); "
                "vectorize(C.j1); cache_write(C at C.k0, register)") == R"(
  registers C_acc f32[4]
phase0
  for i < 6
    for j0 < 2
      for k0 < 2
        if min(4, 5 - j0*4) == 4
          if k0 == 0
            vectorized j1 < 4
              C_acc[j1] = 0.0f
          else
            vectorized j1 < 4
              C_acc[j1] = C[i*5 + j0*4 + j1]
          for k1 < 2
            vectorized j1 < 4
              C_acc[j1] = C_acc[j1] + A[i*4 + k0*2 + k1] * B[k0*10 + k1*5 + j0*4 + j1]
          vectorized j1 < 4
            C[i*5 + j0*4 + j1] = C_acc[j1]
        else
          if k0 == 0
            C_acc[0] = 0.0f
          else
            C_acc[0] = C[i*5 + j0*4]
          for k1 < 2
            C_acc[0] = C_acc[0] + A[i*4 + k0*2 + k1] * B[k0*10 + k1*5 + j0*4]
          C[i*5 + j0*4] = C_acc[0]
)");
}

TEST_CASE("a copy has the layout asked for and follows it in its loops") {
  CHECK(nest_of(gemm_6_5_4, "cache_read(B -> Bp at C.i, [j/2 k j%2])") == R"(
  scratch Bp f32[24]
phase0
  for i < 6
    for j_0 < 3
      for k < 4
        for j_1 < min(2, 5 - j_0*2)
          Bp[j_0*8 + k*2 + j_1] = B[k*5 + j_0*2 + j_1]
    for j < 5
      C[i*5 + j] = 0.0f
      for k < 4
        C[i*5 + j] = C[i*5 + j] + A[i*4 + k] * Bp[(j/2)*8 + k*2 + j%2]
)");
}

TEST_CASE("fused loops of a copy that follow its source have one stride in both") {
  const auto weights = describe(ops::conv2d(1, 6, 4, 4, 8, 3, 1, 1));
  const std::string text =
      nest_of(weights,
              "pack(W -> Wp, [f/4 rc ry rx f%4]); fuse(Wp.rc, Wp.ry, Wp.rx -> r); "
              "split(Wp.r -> r0:_, r1:4); reorder(Wp: f_0 r0 r1 f_1)");
  CHECK(text.find(R"(
  for f_0 < 2
    for r0 < 14
      for r1 < min(4, 54 - r0*4)
        for f_1 < 4
          Wp[f_0*216 + r0*16 + r1*4 + f_1] = W[f_0*216 + f_1*54 + r0*4 + r1]
)") != std::string::npos);
}

TEST_CASE("a reversed dimension of a copy is read from its last element to its first") {
  const auto spread = describe(ops::conv_transpose2d(1, 6, 4, 4, 8, 3));
  const std::string text = nest_of(spread,
                                   "pack(W -> Wp, [f/4 rc -d2 -d3 f%4]); fuse(Wp.d2, Wp.d3 -> r); "
                                   "reorder(Wp: f_0 rc r f_1)");
  CHECK(text.find("Wp[f_0*216 + rc*36 + r*4 + f_1] = W[rc*72 + f_0*36 + f_1*9 - r + 8]") !=
        std::string::npos);
  CHECK(text.find("* Wp[(f/4)*216 + rc*36 + ry*12 + rx*4 + f%4]") != std::string::npos);
}

TEST_CASE("fused loops of a copy may compute a part: some of the outermost, all of the others") {
  const auto weights = describe(ops::conv2d(1, 6, 4, 4, 8, 3, 1, 1));
  const std::string steps =
      "split(Y.rc -> c0:_, c1:4); split(Y.f -> f0:_, f1:4); "
      "reorder(Y: n f0 c0 y x c1 ry rx f1); cache_write(Y at Y.c0, register); unroll(Y.f1); "
      "cache_read(W -> Wp at Y.c0, [rc ry rx f]); ";
  const std::string text = nest_of(weights, (steps + "fuse(Wp.rc, Wp.ry, Wp.rx -> r)").c_str());
  CHECK(text.find(R"(
      for r < min(4, 6 - c0*4)*9
        for f < 4
          Wp[r*4 + f] = W[f0*216 + f*54 + c0*36 + r]
)") != std::string::npos);
  // Not all of the filters: then a fused loop over channels and filters would need holes.
  const std::string refused =
      nest_of(weights, (steps + "reorder(Wp: ry rx f rc); fuse(Wp.f, Wp.rc -> fc)").c_str());
  CHECK(refused.find("has fused loops") != std::string::npos);
}

TEST_CASE("rfactor makes a stage of partial results; missing terms are neutral") {
  CHECK(nest_of(gemv_7_5, "split(y.k -> k0:_, k1:3); rfactor(y.k1)") == R"(
  workspace y_rf f32[21]
phase0
  for i < 7
    for k1 < 3
      y_rf[i*3 + k1] = 0.0f
      for k0 < 2
        y_rf[i*3 + k1] = y_rf[i*3 + k1] + select(k0*3 + k1 < 5, A[i*5 + k0*3 + k1] * x[k0*3 + k1], 0.0f)
phase1
  for i < 7
    y[i] = 0.0f
    for k1 < 3
      y[i] = y[i] + y_rf[i*3 + k1]
)");
}

TEST_CASE("factor makes a stage of the inner sums, over the axes they depend on") {
  const auto bilinear = describe(ops::bilinear(2, 3, 4, 5));
  CHECK(nest_of(bilinear, "factor(Y.l)") == R"(
  workspace Y_inner f32[24]
phase0
  for i < 2
    for j < 3
      for k < 4
        Y_inner[i*12 + j*4 + k] = 0.0f
        for l < 5
          Y_inner[i*12 + j*4 + k] = Y_inner[i*12 + j*4 + k] + W[j*20 + k*5 + l] * B[i*5 + l]
phase1
  for i < 2
    for j < 3
      Y[i*3 + j] = 0.0f
      for k < 4
        Y[i*3 + j] = Y[i*3 + j] + A[i*4 + k] * Y_inner[i*12 + j*4 + k]
)");
  const auto separable = [] {
    axis<"i"> i{3};
    axis<"j"> j{4};
    axis<"k"> k{5};
    axis<"l"> l{6};
    tensor<"A", float, 2> A;
    tensor<"B", float, 2> B;
    tensor<"C", float, 2> C;
    return describe(op<"separable">(A, B, C)(C(i, j) = sum(k, l)(A(i, k) * B(j, l))));
  }();
  CHECK(nest_of(separable, "factor(C.l)") == R"(
  workspace C_inner f32[4]
phase0
  for j < 4
    C_inner[j] = 0.0f
    for l < 6
      C_inner[j] = C_inner[j] + B[j*6 + l]
phase1
  for i < 3
    for j < 4
      C[i*4 + j] = 0.0f
      for k < 5
        C[i*4 + j] = C[i*4 + j] + A[i*5 + k] * C_inner[j]
)");
}

TEST_CASE("factor lays the inner sums out like the factors that they are multiplied with") {
  CHECK(nest_of(describe(ops::mttkrp(2, 3, 4, 5)), "factor(D.k)") == R"(
  workspace D_inner f32[40]
phase0
  for i < 2
    for l < 4
      for j < 5
        D_inner[i*20 + l*5 + j] = 0.0f
        for k < 3
          D_inner[i*20 + l*5 + j] = D_inner[i*20 + l*5 + j] + A[i*12 + k*4 + l] * B[k*5 + j]
phase1
  for i < 2
    for j < 5
      D[i*5 + j] = 0.0f
      for l < 4
        D[i*5 + j] = D[i*5 + j] + C[l*5 + j] * D_inner[i*20 + l*5 + j]
)");
}

TEST_CASE("inline puts the producer's expression where it is read") {
  CHECK(nest_of(conv, "inline(P)") == R"(
phase0
  for f < 2
    for y < 4
      for x < 4
        Y[f*16 + y*4 + x] = 0.0f
        for ry < 3
          for rx < 3
            Y[f*16 + y*4 + x] = Y[f*16 + y*4 + x] + select(ry + y >= 1 && ry + y < 5 && rx + x >= 1 && rx + x < 5, X[ry*4 + y*4 + rx + x - 5], 0.0f) * W[f*9 + ry*3 + rx]
)");
}

TEST_CASE("compute_at computes what one iteration reads") {
  CHECK(nest_of(conv, "compute_at(P, Y.y)") == R"(
  scratch P f32[18]
phase0
  for f < 2
    for y < 4
      for yp < 3
        for xp < 6
          P[yp*6 + xp] = select(y + yp >= 1 && y + yp < 5 && xp >= 1 && xp < 5, X[y*4 + yp*4 + xp - 5], 0.0f)
      for x < 4
        Y[f*16 + y*4 + x] = 0.0f
        for ry < 3
          for rx < 3
            Y[f*16 + y*4 + x] = Y[f*16 + y*4 + x] + P[ry*6 + rx + x] * W[f*9 + ry*3 + rx]
)");
}

TEST_CASE("prefetch touches what is read iterations later, each line once") {
  CHECK(nest_of(gemm_6_5_4, "prefetch(A at C.i, 2)") == R"(
phase0
  for i < 6
    prefetch A[i*4 + 8]
    for j < 5
      C[i*5 + j] = 0.0f
      for k < 4
        C[i*5 + j] = C[i*5 + j] + A[i*4 + k] * B[k*5 + j]
)");
  // Seven iterations of k are about two of i, of which A has another row.
  CHECK(nest_of(gemm_6_5_4, "reorder(C: j i k); prefetch(A at C.k, 7)") == R"(
phase0
  for j < 5
    for i < 6
      C[i*5 + j] = 0.0f
      for k < 4
        prefetch A[i*4 + k + 8]
        C[i*5 + j] = C[i*5 + j] + A[i*4 + k] * B[k*5 + j]
)");
}

TEST_CASE("a bound copy is filled in bind() only") {
  CHECK(nest_of(gemm_6_5_4, "pack(B -> Bp, [j/2 k j%2])", {{"B"}}) == R"(
  bound Bp f32[24]
phase0 bind_only
  for j_0 < 3
    for k < 4
      for j_1 < min(2, 5 - j_0*2)
        Bp[j_0*8 + k*2 + j_1] = B[k*5 + j_0*2 + j_1]
phase1
  for i < 6
    for j < 5
      C[i*5 + j] = 0.0f
      for k < 4
        C[i*5 + j] = C[i*5 + j] + A[i*4 + k] * Bp[(j/2)*8 + k*2 + j%2]
)");
}

TEST_CASE("a vectorized loop around a reduction has one accumulator per lane") {
  axis<"i"> i{4};
  axis<"k"> k{3};
  tensor<"A", float, 2> A;
  tensor<"Y", float, 1> Y;
  const auto mean = describe(op<"mean">(A, Y)(Y(i) = sum(k)(A(i, k)) * 0.25f));
  CHECK(nest_of(mean, "vectorize(Y.i)") == R"(
  scratch Y_acc f32[4]
phase0
  vectorized i < 4
    Y_acc[i] = 0.0f
    for k < 3
      Y_acc[i] = Y_acc[i] + A[i*3 + k]
    Y[i] = Y_acc[i] * 0.25f
)");
}

TEST_CASE("a copy of what is read under a condition leaves out what lies beyond the tensor") {
  CHECK(nest_of(conv, "inline(P); cache_read(X -> Xb at Y.y)") == R"(
  scratch Xb f32[18]
phase0
  for f < 2
    for y < 4
      for d2 < 3
        if d2 + y - 1 >= 0 && d2 + y - 1 < 4
          for d3 < 4
            Xb[d2*6 + d3 + 1] = X[d2*4 + y*4 + d3 - 4]
      for x < 4
        Y[f*16 + y*4 + x] = 0.0f
        for ry < 3
          for rx < 3
            Y[f*16 + y*4 + x] = Y[f*16 + y*4 + x] + select(ry + y >= 1 && ry + y < 5 && rx + x >= 1 && rx + x < 5, Xb[ry*6 + rx + x], 0.0f) * W[f*9 + ry*3 + rx]
)");
  CHECK(nest_of(conv, "inline(P); cache_read(X -> Xb at Y.f)") == R"(
  scratch Xb f32[36]
phase0
  for f < 2
    for d2 < 4
      for d3 < 4
        Xb[d2*6 + d3 + 7] = X[d2*4 + d3]
    for y < 4
      for x < 4
        Y[f*16 + y*4 + x] = 0.0f
        for ry < 3
          for rx < 3
            Y[f*16 + y*4 + x] = Y[f*16 + y*4 + x] + select(ry + y >= 1 && ry + y < 5 && rx + x >= 1 && rx + x < 5, Xb[ry*6 + y*6 + rx + x], 0.0f) * W[f*9 + ry*3 + rx]
)");
}

TEST_CASE("line_buffer keeps the rows that the next iteration reads again") {
  CHECK(nest_of(conv, "compute_at(P, Y.y); line_buffer(P)") == R"(
  scratch P f32[18]
  scratch P_new f32[6]
phase0
  for f < 2
    for yp < 2
      for xp < 6
        P[yp*6 + xp + 6] = select(yp >= 1 && xp >= 1 && xp < 5, X[yp*4 + xp - 5], 0.0f)
    for y < 4
      for xp < 6
        P_new[xp] = select(y + 2 < 5 && xp >= 1 && xp < 5, X[y*4 + xp + 3], 0.0f)
      for xp < 6
        unrolled row < 2
          P[row*6 + xp] = P[row*6 + xp + 6]
        P[xp + 12] = P_new[xp]
      for x < 4
        Y[f*16 + y*4 + x] = 0.0f
        for ry < 3
          for rx < 3
            Y[f*16 + y*4 + x] = Y[f*16 + y*4 + x] + P[ry*6 + rx + x] * W[f*9 + ry*3 + rx]
)");
  CHECK(nest_of(conv,
                "inline(P); split(Y.y -> y0:_, y1:2); cache_read(X -> Xb at Y.y0); "
                "line_buffer(Xb)") == R"(
  scratch Xb f32[24]
  scratch Xb_new f32[12]
phase0
  for f < 2
    for d2 < 2
      if d2 - 1 >= 0
        for d3 < 4
          Xb[d2*6 + d3 + 13] = X[d2*4 + d3 - 4]
    for y0 < 2
      for d2 < 2
        if y0*2 + d2 + 1 < 4
          for d3 < 4
            Xb_new[d2*6 + d3 + 1] = X[y0*8 + d2*4 + d3 + 4]
      for d3 < 4
        unrolled row < 2
          Xb[row*6 + d3 + 1] = Xb[row*6 + d3 + 13]
        unrolled row < 2
          Xb[row*6 + d3 + 13] = Xb_new[row*6 + d3 + 1]
      for y1 < 2
        for x < 4
          Y[f*16 + y0*8 + y1*4 + x] = 0.0f
          for ry < 3
            for rx < 3
              Y[f*16 + y0*8 + y1*4 + x] = Y[f*16 + y0*8 + y1*4 + x] + select(y0*2 + ry + y1 >= 1 && y0*2 + ry + y1 < 5 && rx + x >= 1 && rx + x < 5, Xb[ry*6 + y1*6 + rx + x], 0.0f) * W[f*9 + ry*3 + rx]
)");
  const auto refusal = [](const char* steps) { return nest_of(conv, steps); };
  CHECK(refusal("compute_at(P, Y.f); line_buffer(P)").find("read the same of it") !=
        std::string::npos);
  CHECK(
      refusal("split(Y.y -> y0:_, y1:4); compute_at(P, Y.y0); line_buffer(P)").find("runs once") !=
      std::string::npos);
  CHECK(refusal("compute_at(P, Y.y); line_buffer(P); split(P.yp -> a:_, b:2)")
            .find("split or fused") != std::string::npos);
  CHECK(refusal("split(Y.y -> y0:_, y1:3); compute_at(P, Y.y0); line_buffer(P)")
            .find("no fixed number") != std::string::npos);
  const auto at_root = apply(make_program(conv), parse_trace("line_buffer(P)").value());
  REQUIRE(!at_root);
  CHECK(at_root.error().text().find("compute_at and cache_read come first") != std::string::npos);
}

TEST_CASE("what cannot be built says why") {
  const auto refusal = [](const desc_view& desc, const char* steps) {
    const std::string text = nest_of(desc, steps);
    return text.starts_with("[LATHE-E205]") ? text : "built:" + text;
  };
  CHECK(refusal(gemv_7_5, "split(y.i -> i0:_, i1:4); vectorize(y.i0)")
            .find("a different number of times in its last iteration") != std::string::npos);
  CHECK(refusal(shifted(), "compute_at(P, Y.j)").find("read under a condition") !=
        std::string::npos);
  CHECK(refusal(conv, "inline(P); cache_read(X -> Xb at Y.y); vectorize(Xb.d3)")
            .find("neither vectorized nor fused") != std::string::npos);
  CHECK(refusal(gemm_6_5_4,
                "split(C.i -> i0:_, i1:4); reorder(C: i0 j k i1); fuse(C.i0, C.j -> f); "
                "split(C.f -> f0:_, f1:2); reorder(C: f0 k f1 i1); unroll(C.f1); unroll(C.i1); "
                "cache_write(C, register)")
            .find("fuse outside the tile") != std::string::npos);
}
