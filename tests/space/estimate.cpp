#include <lathe/api/pipeline.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/space/estimate.hpp>
#include <lathe/space/rewrite.hpp>

#include "operator_list.hpp"
#include "sanitizer.hpp"
#include <doctest/doctest.h>

using namespace lathe;

namespace {

constexpr double most_estimate_seconds = test::address_sanitizer ? 0.5 : 0.05;
constexpr std::size_t most_text = 500'000;  ///< [bytes] of LLVM IR: half of what is refused

void check_estimate(const std::string& name, const program& of) {
  for (const isa set : {isa::sse2, isa::avx2, isa::avx512}) {
    for (const call_context& call : {call_context{}, call_context{{"W", "B", "A"}, 4}}) {
      const cpu_target target = generic_cpu(set);
      INFO(name, " on ", std::string(name_of(set)), ", threads ", call.threads);
      const double start = thread_seconds();
      const lathe::sequence<stage_decision> decisions = estimate(of, target, call);
      const trace steps = trace_of(of, decisions);
      CHECK(thread_seconds() - start < most_estimate_seconds);

      INFO(to_text(steps));
      const auto parsed = parse_trace(to_text(steps));
      REQUIRE(parsed.has_value());
      CHECK(*parsed == steps);
      const auto nest = lower(of, steps, {call.bound, false});
      REQUIRE_MESSAGE(nest.has_value(), std::string(nest ? "" : nest.error().what()));
      const auto text = native::emit_llvm(*nest, target);
      REQUIRE_MESSAGE(text.has_value(), std::string(text ? "" : text.error().what()));
      CHECK(text->size() < most_text);
      for (std::size_t stage = 0; stage < decisions.size(); ++stage)
        if (decisions[stage].reduction)
          CHECK(registers_of(loads_of(of, of.stages[stage]), decisions[stage].tile) <=
                target.vector_registers);
    }
  }
}

std::string estimated(const program& of, const call_context& call) {
  return to_text(trace_of(of, estimate(of, generic_cpu(isa::avx512), call)));
}

}  // namespace

TEST_CASE("estimate: legal, quick and within the registers for odd sizes of every operator") {
  test::for_each_small_operator(check_estimate);
}

TEST_CASE("estimate: legal, quick and within the registers for real workloads") {
  test::for_each_case(check_estimate);
}

TEST_CASE("estimate: the tile of a large matrix product fills the registers") {
  const program of = make_program(describe(ops::gemm(1024, 1024, 1024)));
  const auto decisions = estimate(of, generic_cpu(isa::avx512), {});
  const std::int64_t registers = registers_of(loads_of(of, of.stages[0]), decisions[0].tile);
  CHECK(registers >= 24);
  CHECK(registers <= 32);
  CHECK(decisions[0].tile.vector_axis == 1);
}

TEST_CASE("estimate: bound operands are packed whole, many threads get parallel blocks") {
  const program of = make_program(describe(ops::gemm(1024, 1024, 1024)));
  CHECK(estimated(of, {{"B"}, 1}).find("pack(B ->") != std::string::npos);
  CHECK(estimated(of, {{}, 4}).find("parallel(C.") != std::string::npos);
}

TEST_CASE("estimate: padding is inlined where it is cheap to compute again") {
  const program pooled = make_program(describe(ops::max_pool2d(1, 8, 32, 32, 2, 2)));
  CHECK(estimated(pooled, {}).starts_with("inline(P)"));
}

TEST_CASE("estimate: a convolution that pads with nothing reads its input, not a copy of it") {
  const auto buffers = [](const program& of, const trace& steps) {
    const auto nest = lower(of, steps, {});
    REQUIRE(nest.has_value());
    std::string names;
    for (const ir::buffer& each : nest->buffers)
      if (each.where == ir::scope::workspace) names += each.name + " ";
    return names;
  };
  for (const int threads : {1, 4}) {
    for (const auto& [kernel, stride] : {std::pair{1, 1}, {1, 2}, {3, 1}}) {
      CAPTURE(kernel);
      CAPTURE(stride);
      const program of =
          make_program(describe(ops::conv2d(1, 256, 14, 14, 512, kernel, stride, 0)));
      const trace steps = trace_of(of, estimate(of, generic_cpu(isa::avx512), {{}, threads}));
      const std::string text = to_text(steps);
      CAPTURE(text);
      CHECK(text.starts_with("inline(P)"));
      CHECK(text.find("compute_at") == std::string::npos);
      CHECK(buffers(of, {}).find("P ") != std::string::npos);
      CHECK(buffers(of, steps).find("P ") == std::string::npos);
    }
  }
  // Zeros have to be put around: every padded element is read many times.
  const program padded = make_program(describe(ops::conv2d(1, 256, 14, 14, 512, 3, 1, 1)));
  CHECK(estimated(padded, {}).find("inline(P)") == std::string::npos);
}

TEST_CASE("estimate: packs across their source move tiles of vectors") {
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  const program deep = make_program(describe(ops::conv2d(1, 512, 7, 7, 512, 3, 1, 1)));
  const std::string steps = estimated(deep, {});
  CHECK(has(steps, "fuse(W_packed.rc, W_packed.d2, W_packed.d3 -> rc_d2_d3)"));
  CHECK(has(steps, "unroll(W_packed.rc_d2_d3u)"));
  CHECK(has(steps, "vectorize(W_packed.f_1l)"));
}

TEST_CASE("estimate: inlining leaves every operand the packing decided for it") {
  // Without padding the image is read itself: W is still what is packed.
  const program of = make_program(describe(ops::conv2d(1, 64, 7, 7, 64, 1, 1, 0)));
  for (const call_context& call : {call_context{}, call_context{{"W"}, 1}}) {
    const std::string steps = estimated(of, call);
    CHECK(steps.starts_with("inline(P)"));
    CHECK(steps.find("pack(W ->") != std::string::npos);
    CHECK(steps.find("pack(X ->") == std::string::npos);
  }
}

TEST_CASE("estimate: a transposition of one's own is blocked for caches and moves tiles") {
  axis<"i"> i{2048};
  axis<"j"> j{2048};
  tensor<"A", float, 2> A;
  tensor<"B", float, 2> B;
  const program of = make_program(describe(op<"transposed">(A, B)(B(i, j) = A(j, i))));
  CHECK(estimated(of, {}) ==
        "split(B.j -> jb:_, jv:8, jl:16); split(B.i -> iv:_, iw:2, iu:16); "
        "reorder(B: jb iv iw jv iu jl); unroll(B.iu); vectorize(B.jl); fuse(B.jb, B.iv -> jb_iv); "
        "parallel(B.jb_iv)");
}

TEST_CASE("estimate: rows around a vector share the offsets of a gather, and no select is in it") {
  axis<"y"> y{40};
  axis<"x"> x{50};
  axis<"c"> c{64};
  axis<"xp"> xp{60};
  tensor<"X", float, 3> X{40, 50, 64};
  tensor<"S", int, 1> S;
  tensor<"P", float, 3> P;
  tensor<"Y", float, 3> Y;
  const program of = make_program(describe(op<"moved">(X, S, Y)(
      P(y, xp, c) = select(xp < 50, X(y, xp, c), 0), Y(y, x, c) = P(y, x + S(c), c))));
  const std::string steps = estimated(of, {});
  CHECK(steps.find("inline(P)") == std::string::npos);
  CHECK(steps.find("reorder(Y: y x0 c0 x1 c1); unroll(Y.x1)") != std::string::npos);
  CHECK(steps.find("unroll(P.") == std::string::npos);
}

TEST_CASE("estimate: unrolled terms of a short window keep the rows that it slides over") {
  axis<"c"> c{64};
  axis<"y"> y{56};
  axis<"x"> x{64};
  axis<"r"> r{3};
  axis<"s"> s{3};
  tensor<"X", float, 3> X{64, 58, 66};
  tensor<"W", float, 3> W;
  tensor<"Y", float, 3> Y;
  const program of = make_program(
      describe(op<"smoothed">(X, W, Y)(Y(c, y, x) = sum(r, s)(X(c, y + r, x + s) * W(c, r, s)))));
  const auto decisions = estimate(of, generic_cpu(isa::avx512), {});
  const reduction_tile& tile = decisions[0].tile;
  CHECK(tile.vector_axis == 2);
  CHECK(tile.rows[1] > 1);
  CHECK(tile.inner_reduce == 3);  // r, along y
  CHECK(tile.unroll == 3);
  CHECK(tile.vectors * 2 * tile.rows[1] <= 30);  // accumulators and a window of as many rows
}

TEST_CASE("estimate: what several filters read is made once, in a block of all of them") {
  const program of = make_program(describe(ops::depthwise_conv2d(1, 64, 14, 14, 6, 3, 1, 1)));
  for (const int threads : {1, 4}) {
    const std::string steps = estimated(of, {{}, threads});
    CAPTURE(steps);
    CHECK(steps.find("split(Y.f -> f0:_, f1:6)") != std::string::npos);
    CHECK(steps.find("compute_at(P, Y.n_f0)") != std::string::npos);
  }
}

TEST_CASE("estimate: a padding has vectors with constant masks, and stays in L1 until it is read") {
  const auto blurred = [](int rows, int columns) {
    axis<"c"> c{8};
    axis<"yp"> yp{rows + 2};
    axis<"xp"> xp{columns + 2};
    axis<"y"> y{rows};
    axis<"x"> x{columns};
    axis<"r"> r{3};
    axis<"s"> s{3};
    tensor<"X", float, 3> X{8, rows, columns};
    tensor<"W", float, 3> W;
    tensor<"P", float, 3> P;
    tensor<"Y", float, 3> Y;
    return make_program(describe(op<"blurred">(X, W, Y)(
        P(c, yp, xp) =
            select(yp >= 1 && yp <= rows && xp >= 1 && xp <= columns, X(c, yp - 1, xp - 1), 0),
        Y(c, y, x) = sum(r, s)(P(c, y + r, x + s) * W(c, r, s)))));
  };
  const std::string large = estimated(blurred(160, 120), {}),
                    small = estimated(blurred(40, 48), {}), wide = estimated(blurred(40, 640), {});
  CAPTURE(large);
  CHECK(large.find("split(P.xp -> xp0:_, xp1:16); unroll(P.xp0)") != std::string::npos);
  CHECK(large.find("compute_at(P, Y.y1)") != std::string::npos);  // the rows of one tile, and two
  CHECK(small.find("compute_at(P, Y.c)") != std::string::npos);
  CHECK(wide.find("unroll(P.xp0)") == std::string::npos);
}

TEST_CASE("estimate: inner sums that one iteration reads stay in its cache, if it shares little") {
  axis<"i"> i{60};
  axis<"j"> j{48};
  axis<"k"> k{96};
  axis<"l"> l{80};
  tensor<"A", float, 3> A;
  tensor<"B", float, 2> B;
  tensor<"C", float, 2> C;
  tensor<"D", float, 2> D;
  const program weighted = make_program(
      describe(op<"weighted">(A, B, C, D)(D(i, j) = sum(k, l)(A(i, l, k) * B(k, j) * C(l, j)))));
  const auto steps = [](const program& of) {
    return to_text(estimate_trace(of, generic_cpu(isa::avx512), {}));
  };
  CHECK(steps(weighted).find("compute_at(D_inner, D.i)") != std::string::npos);
  // The features of a bilinear form share no weights, and one feature's inner sums stay in L2.
  const program bilinear = make_program(describe(ops::bilinear(64, 32, 256, 512)));
  CHECK(steps(bilinear).find("compute_at(Y_inner, Y_rf.j)") != std::string::npos);
  const program large = make_program(describe(ops::bilinear(640, 32, 256, 512)));
  CHECK(steps(large).find("compute_at(Y_inner") == std::string::npos);
  // The same of an operator of its own, whose weights have the features last.
  axis<"f"> f{48};
  tensor<"E", float, 2> E{64, 512};
  tensor<"F", float, 2> F{64, 256};
  tensor<"V", float, 3> V{48, 512, 256};
  tensor<"G", float, 2> G;
  const program features = make_program(
      describe(op<"features">(E, F, V, G)(G(f, i) = sum(k, l)(V(f, k, l) * E(i, k) * F(i, l)))));
  CHECK(steps(features).find("compute_at(G_inner, G_rf.f)") != std::string::npos);
}

TEST_CASE("estimate: rows that come from beyond L2 once are prefetched a tile ahead") {
  const auto steps = [](const program& of) {
    return to_text(estimate_trace(of, generic_cpu(isa::avx512), {}));
  };
  const program from_memory = make_program(describe(ops::mttkrp(256, 256, 256, 32)));
  CHECK(steps(from_memory).find("prefetch(A at D_inner.l1, 64)") != std::string::npos);
  // Of an operator of one's own, too: batches of products with few columns.
  axis<"b"> b{64};
  axis<"i"> i{96};
  axis<"j"> j{32};
  axis<"k"> k{128};
  tensor<"X", float, 3> X{64, 96, 128};
  tensor<"Y", float, 2> Y{128, 32};
  tensor<"Z", float, 3> Z;
  const program batched =
      make_program(describe(op<"batched">(X, Y, Z)(Z(b, i, j) = sum(k)(X(b, i, k) * Y(k, j)))));
  CHECK(steps(batched).find("prefetch(X at Z.k1, 32)") != std::string::npos);
  const program from_cache = make_program(describe(ops::mttkrp(16, 64, 64, 32)));
  CHECK(steps(from_cache).find("prefetch(A") == std::string::npos);
  // Read again for every panel of columns.
  const program product = make_program(describe(ops::gemm(1024, 1024, 1024)));
  CHECK(steps(product).find("prefetch(A") == std::string::npos);
}

TEST_CASE("estimate: a tail of vectors has code of its own and costs no whole tile") {
  // 512 columns are 10 tiles of 3 vectors and one of 2.
  const auto steps = [](int m, int n, int k) {
    return estimated(make_program(describe(ops::gemm(m, n, k))), {});
  };
  CHECK(steps(128, 512, 256).find("j2:3, j3:16") != std::string::npos);
}

TEST_CASE("estimate: near rows of a matrix are packed only if many tiles read them") {
  const auto packs = [](int m, int n, int k) {
    const std::string steps = estimated(make_program(describe(ops::gemm(m, n, k))), {});
    return steps.find("B_packed") != std::string::npos;
  };
  CHECK_FALSE(packs(128, 512, 256));
  CHECK(packs(512, 512, 256));
  CHECK(packs(256, 1024, 256));  // a row is a page
  CHECK(packs(256, 500, 256));   // vectors lie in two lines
}

TEST_CASE("rewrites: inner sums run along the memory of what is largest") {
  const auto first = [](const program& of) { return to_text(rewrites_of(of)).substr(0, 11); };
  CHECK(first(make_program(describe(ops::mttkrp(256, 256, 256, 32)))) == "factor(D.l)");
  CHECK(first(make_program(describe(ops::mttkrp(64, 512, 128, 64)))) == "factor(D.k)");
  CHECK(first(make_program(describe(ops::bilinear(64, 32, 512, 1024)))) == "factor(Y.k)");
}

TEST_CASE("estimate: what is read backwards is packed in the order it is read") {
  const auto filtered = [](bool flipped) {
    axis<"f"> f{64};
    axis<"x"> x{56};
    axis<"c"> c{128};
    axis<"r"> r{9};
    tensor<"X", float, 2> X{128, 64};
    tensor<"W", float, 3> W{128, 64, 9};
    tensor<"Y", float, 2> Y;
    const int step = flipped ? -1 : 1, first = flipped ? 8 : 0;
    return estimated(make_program(describe(op<"filtered">(
                         X, W, Y)(Y(f, x) = sum(c, r)(X(c, x + r) * W(c, f, first + step * r))))),
                     {{"W"}, 1});
  };
  CHECK(filtered(true).find("[f/32 c -d2 f%32]") != std::string::npos);
  CHECK(filtered(false).find("[f/32 c r f%32]") != std::string::npos);
}

TEST_CASE("estimate: terms are unrolled, and rows chosen, so that remainders are constants") {
  const auto folded = [](int length) {
    axis<"i"> i{64};
    axis<"j"> j{96};
    axis<"k"> k{240};
    tensor<"A", float, 2> A;
    tensor<"h", float, 2> h{15, 16};
    tensor<"C", float, 2> C;
    const program of = make_program(
        describe(op<"folded">(A, h, C)(C(i, j) = sum(k)(A(k, i) * h(k / 16, (j + k) % length)))));
    return estimate(of, generic_cpu(isa::avx512), {})[0].tile;
  };
  const reduction_tile tile = folded(8);
  CHECK(tile.vector_axis == 0);
  CHECK(8 % tile.rows[1] == 0);
  CHECK(tile.unroll == 8);
  CHECK(folded(7).unroll == 4);  // repeats after 7 * 16 terms
}

TEST_CASE("estimate: a stencil computes several vectors at a time") {
  axis<"y"> y{62};
  axis<"x"> x{126};
  tensor<"U", float, 2> U{64, 128};
  tensor<"V", float, 2> V;
  const program of = make_program(
      describe(op<"cross">(U, V)(V(y, x) = U(y, x + 1) + U(y + 2, x + 1) + U(y + 1, x) +
                                           U(y + 1, x + 2) - 4 * U(y + 1, x + 1))));
  CHECK(estimated(of, {}) ==
        "split(V.x -> x0:_, x1:4, x2:16); unroll(V.x1); vectorize(V.x2); parallel(V.y)");
}

TEST_CASE("estimate: the lanes of partial sums are added up as vectors of rows") {
  const std::string steps = estimated(make_program(describe(ops::gemv(512, 512))), {});
  CHECK(steps.find("rfactor(y.k1)") != std::string::npos);
  CHECK(steps.find("vectorize(y.i2); unroll(y.k1)") != std::string::npos);
}

TEST_CASE("estimate: an operand is packed if what is read of it is read often") {
  const auto batched = [](int rows) {
    axis<"b"> b{8};
    axis<"i"> i{rows};
    axis<"j"> j{1024};
    axis<"k"> k{512};
    tensor<"A", float, 2> A;
    tensor<"W", float, 3> W;
    tensor<"C", float, 3> C;
    return estimated(
        make_program(describe(op<"batched">(A, W, C)(C(b, i, j) = sum(k)(A(i, k) * W(b, k, j))))),
        {});
  };
  const std::string few = batched(64), many = batched(1024);
  CAPTURE(few);
  CAPTURE(many);
  CHECK(few.find("W_packed") == std::string::npos);
  CHECK(few.find("prefetch(W at ") != std::string::npos);  // 16 MiB come from memory
  CHECK(many.find("cache_read(W -> W_packed") != std::string::npos);
}

TEST_CASE("estimate: rows a multiple of 4 KiB apart are as few as L1 has ways") {
  const auto rows = [](int depth) {
    const program of = make_program(describe(ops::gemm(28, 28, depth)));
    return estimate(of, generic_cpu(isa::avx512), {})[0].tile.rows[0];
  };
  CHECK(rows(1000) > 8);
  CHECK(rows(1024) <= 8);
}

TEST_CASE("estimate: weights are copied once per block, not for every phase") {
  axis<"f"> f{128};
  axis<"y"> y{13};
  axis<"x"> x{13};
  axis<"c"> c{512};
  axis<"s"> s{3};
  axis<"r"> r{3};
  tensor<"X", float, 3> X{512, 8, 8};
  tensor<"W", float, 4> W{512, 128, 3, 3};
  tensor<"Y", float, 3> Y;
  const program of = make_program(describe(
      op<"upsample">(X, W, Y)(Y(f, y, x) = sum(c, s, r)(select((y + s) % 2 == 0 && (x + r) % 2 == 0,
                                                               X(c, (y + s) / 2, (x + r) / 2), 0) *
                                                        W(c, f, s, r)))));
  const std::string steps = to_text(estimate_trace(of, generic_cpu(isa::avx512), {}));
  CAPTURE(steps);
  CHECK(steps.find("narrow(Y.s: y)") != std::string::npos);
  CHECK(steps.find("narrow(Y.r: xr)") != std::string::npos);
  CHECK(steps.find("cache_read(W -> W_packed at Y.f0,") != std::string::npos);
}

TEST_CASE("estimate: sums of products of bytes are dot products, of operators of one's own too") {
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  const program product =
      make_program(describe(ops::gemm<std::uint8_t, std::int8_t, int>(512, 512, 512)));
  for (const call_context& call : {call_context{}, call_context{{"B"}, 1}}) {
    const std::string steps = estimated(product, call);
    CHECK(has(steps, "dot(C.k4)"));
    CHECK(has(steps, "k/4 j%64 k%4]"));
    CHECK_FALSE(has(steps, "A_packed"));  // its terms lie together as they are
  }
  axis<"n"> n{8};
  axis<"i"> i{128};
  axis<"j"> j{96};
  axis<"k"> k{200};
  tensor<"A", std::int8_t, 3> A;
  tensor<"B", std::int8_t, 3> B;
  tensor<"Y", int, 3> Y;
  const std::string batched =
      estimated(make_program(describe(op<"batched">(
                    A, B, Y)(Y(n, i, j) = sum(k)(cast<int>(A(n, k, i)) * cast<int>(B(n, k, j)))))),
                {});
  CHECK(has(batched, "dot(Y.k4)"));
  CHECK(has(batched, "A_packed"));  // both as rows of words
  CHECK(has(batched, "B_packed"));
  // Neither f32 nor sums that bytes would wrap around in.
  CHECK_FALSE(has(estimated(make_program(describe(ops::gemm(512, 512, 512))), {}), "dot("));
  CHECK_FALSE(
      has(estimated(make_program(describe(ops::gemm<std::int8_t>(512, 512, 512))), {}), "dot("));
}

TEST_CASE(
    "estimate: panels of products that are larger than L2 lie in L3, blocks of terms are alike") {
  cpu_target target = generic_cpu(isa::avx512);
  target.l2_bytes = 1 << 20;
  target.l3_bytes = 32 << 20;
  const auto steps = [&](const auto& op, int threads) {
    return to_text(estimate_trace(make_program(describe(op)), target, {{}, threads}));
  };
  const auto has = [](const std::string& text, const char* part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
  };
  // 1536 terms at once: another pass over the result costs more than slivers of L2's size.
  const std::string large = steps(ops::gemm(1536, 1536, 1536), 1);
  CHECK_FALSE(has(large, "C.k -> k0"));
  CHECK(has(large, "j1:11, j2:3, j3:16"));  // 32 slivers of 48 columns: three panels of 3.2 MB
  // Each of 16 threads has its own panel, in its L2.
  CHECK_FALSE(has(steps(ops::gemm(1536, 1536, 1536), 16), "j1:11"));
  // Rows that stay in L2 are read from there: no larger panel is worth leaving L2 for.
  CHECK_FALSE(has(steps(ops::gemm(128, 1536, 1536), 1), "j1:11"));
  CHECK(has(steps(ops::gemm(1536, 1536, 8192), 1), "split(C.k -> k0:_, k1:684,"));  // 3 x 2736
  // An operator of one's own, of which one operand is read backwards.
  axis<"i"> i{1536};
  axis<"j"> j{1536};
  axis<"k"> k{1536};
  tensor<"A", float, 2> A;
  tensor<"B", float, 2> B;
  tensor<"Y", float, 2> Y;
  CHECK(has(steps(op<"turned">(A, B, Y)(Y(i, j) = sum(k)(A(i, 1535 - k) * B(k, j))), 1),
            "j1:11, j2:3, j3:16"));
}

TEST_CASE("estimate: a panel is copied once for all blocks of rows") {
  const program of = make_program(describe(ops::gemm(4096, 1024, 128)));
  const std::string steps = estimated(of, {});
  CHECK(steps.find("cache_read(B -> B_packed at C.j0,") != std::string::npos);
  CHECK(steps.find("split(C.i -> i0:_,") != std::string::npos);  // there are several
}
