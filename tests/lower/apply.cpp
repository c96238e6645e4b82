// What every primitive refuses, and why; and what is legal step by step but not as a whole.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/softmax.hpp>

#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// The message with which a trace is refused; empty if it is accepted.
std::string refusal(const desc_view& desc, const char* text, const apply_options& options = {}) {
  const result<trace> steps = parse_trace(text);
  REQUIRE_MESSAGE(steps, text);
  const result<program> made = apply(make_program(desc), *steps, options);
  return made ? "" : made.error().what();
}

struct refused_trace {
  const char* steps;
  const char* reason;  ///< part of the message
};

void check_refused(const desc_view& desc, std::initializer_list<refused_trace> cases) {
  for (const refused_trace& each : cases) {
    const std::string message = refusal(desc, each.steps);
    CHECK_MESSAGE(message.find(each.reason) != std::string::npos,
                  each.steps << " gave: " << message);
  }
}

const auto gemm = describe(ops::gemm(6, 5, 4));
const auto conv = describe(ops::conv2d(1, 1, 4, 4, 2, 3, 1, 1));
const auto softmax = describe(ops::softmax(2, 3));

}  // namespace

TEST_CASE("names that do not exist are answered with those that do") {
  check_refused(gemm, {{"split(D.i -> a:_, b:2)", "there is no stage 'D'"},
                       {"unroll(C.x)", "stage 'C' has no loop 'x'; its loops are: i j k"},
                       {"cache_read(Z -> Zp at C.i)", "there is no tensor 'Z'"},
                       {"prefetch(A at C.x, 2)", "has no loop 'x'"}});
}

TEST_CASE("split and fuse") {
  check_refused(gemm, {{"split(C.i -> a:_, a:2)", "given twice"},
                       {"split(C.i -> a:_, j:2)", "'j' is taken"},
                       {"split(C.i -> a:2, b:2)", "has 3 iterations, not 2"},
                       {"vectorize(C.j); split(C.j -> a:_, b:2)", "already vectorized"},
                       {"fuse(C.i, C.k -> f)", "only adjacent loops"},
                       {"fuse(C.j, C.k -> f)", "a spatial and a reduce loop cannot be fused"},
                       {"split(C.j -> a:_, b:2); fuse(C.a, C.b -> f)", "different trip counts"}});
  CHECK(refusal(gemm, "split(C.i -> a:3, b:2); fuse(C.a, C.b -> f)") == "");
  CHECK(refusal(gemm, "split(C.i -> i:_, j2:4); split(C.j2 -> j2:_, j3:3)") == "");
}

TEST_CASE("reorder keeps the parts of a split in order") {
  check_refused(gemm, {{"reorder(C: i j)", "every loop of the stage once"},
                       {"reorder(C: i i k)", "listed twice"},
                       {"split(C.i -> a:_, b:4); reorder(C: b a j k)", "must stay in order"},
                       {"split(C.i -> a:_, b:2); fuse(C.a, C.b -> f); split(C.f -> x:_, y:2); "
                        "reorder(C: y x j k)",
                        "must stay in order"}});
  CHECK(refusal(gemm, "split(C.i -> a:_, b:2); reorder(C: b a j k)") == "");
}

TEST_CASE("unroll, vectorize and parallel") {
  check_refused(gemm, {{"vectorize(C.k)", "is a reduce loop"},
                       {"parallel(C.k)", "is a reduce loop"},
                       {"vectorize(C.i); vectorize(C.j)", "has a vectorized loop already"},
                       {"parallel(C.j)", "must be the outermost loop"},
                       {"parallel(C.i); unroll(C.i)", "already"}});
  check_refused(describe(ops::gemm(400, 100, 4)),
                {{"unroll(C.i)", "at most 256"}, {"vectorize(C.j)", "at most 64"}});
}

TEST_CASE("inline and compute_at") {
  check_refused(gemm, {{"inline(C)", "is a reduction"}});
  check_refused(conv, {{"compute_at(Y, P.yp)", "computes an output"},
                       {"inline(P); compute_at(P, Y.y)", "there is no stage 'P'"},
                       {"compute_at(P, Y.y); compute_at(P, Y.x)", "placed already"},
                       {"vectorize(Y.y); compute_at(P, Y.y)", "inside the vectorized loop"},
                       {"compute_at(P, Y.y); split(Y.y -> a:_, b:2)", "no longer exists"}});
  check_refused(softmax, {{"compute_at(E, Y.i)", "is not read by 'Y' alone"}});
}

TEST_CASE("what the epilogue reads is not computed inside the reduction") {
  axis<"i"> i{4};
  axis<"k"> k{3};
  tensor<"A", float, 2> A;
  tensor<"B", float, 1> B;
  tensor<"Y", float, 1> Y;
  const auto scaled = describe(op<"scaled">(A, B, Y)(Y(i) = sum(k)(A(i, k)) * B(i)));
  check_refused(scaled, {{"cache_read(B -> Bp at Y.k)", "after the reduction of 'Y' is finished"}});
  CHECK(refusal(scaled, "cache_read(B -> Bp at Y.i)") == "");
}

TEST_CASE("cache_write") {
  check_refused(gemm, {{"cache_write(C at C.i, register)", "names a spatial loop"},
                       {"cache_write(C at C.k, register)", "leaves no reduce loop"},
                       {"cache_write(C, register); cache_write(C, register)", "already"},
                       {"reorder(C: i k j); cache_write(C, register)",
                        "'j', which must be unrolled or vectorized"}});
  check_refused(conv, {{"cache_write(P, register)", "is not a reduction"}});
  CHECK(refusal(gemm, "reorder(C: i k j); cache_write(C, buffer)") == "");
}

TEST_CASE("cache_read and pack") {
  check_refused(gemm, {{"cache_read(A -> C at C.i)", "'C' of the copy is taken"},
                       {"pack(A -> Ap, [i/2 k])", "must hold dimension 'i' whole"},
                       {"pack(A -> Ap, [i k j])", "the layout names 'j'; the dimensions are: i k"},
                       {"pack(A -> Ap, [i/2 k -i%2])", "only a whole one can be: -i"},
                       {"pack(C -> Cp)", "no stage reads 'C'"}});
  check_refused(conv, {{"pack(P -> Pp)", "is not an input"},
                       {"cache_read(W -> Wp at P.yp)", "stage 'P' does not read 'W'"}});
  CHECK(refusal(gemm, "pack(A -> Ap, [i/2 k i%2])") == "");
}

TEST_CASE("nothing that runs in bind() reads what is computed in every call") {
  const char* steps = "pack(B -> Bb); cache_read(B -> Bc)";
  CHECK(refusal(gemm, steps, {{"B"}}).find("no stage reads 'B'") != std::string::npos);
}

TEST_CASE("rfactor and prefetch") {
  check_refused(gemm, {{"rfactor(C.i)", "takes a part of a reduce axis"},
                       {"rfactor(C.k)", "is the whole reduction"},
                       {"split(C.k -> a:_, b:2, c:1); rfactor(C.b)", "belongs to 3"},
                       {"prefetch(C at C.i, 2)", "does not read 'C'"},
                       {"prefetch(A at C.i, 2000)", "1 to 1024"},
                       {"cache_read(B -> Bp at C.k); prefetch(Bp at C.i, 1)", "reads ahead"}});
}

TEST_CASE("factor") {
  const auto scaled = [] {
    axis<"i"> i{4};
    axis<"k"> k{5};
    axis<"l"> l{6};
    tensor<"A", float, 2> A;
    tensor<"B", float, 3> B;
    tensor<"C", float, 1> C;
    return describe(op<"scaled">(A, B, C)(C(i) = sum(k, l)(A(i, k) * B(i, k, l))));
  }();
  CHECK(refusal(scaled, "factor(C.l)") == "");
  check_refused(scaled, {{"factor(C.k)", "every factor of 'C' depends on 'k'"},
                         {"factor(C.i)", "takes a whole reduce axis"},
                         {"split(C.l -> a:_, b:2); factor(C.b)", "takes a whole reduce axis"},
                         {"reorder(C: k l i); factor(C.m)", "no loop 'm'"},
                         {"factor(C.l); factor(C.k)", "is factored already"},
                         {"cache_write(C, register); factor(C.l)", "before cache_write"}});
  check_refused(gemm, {{"factor(C.k)", "every factor of 'C' depends on 'k'"}});
  check_refused(conv, {{"factor(P.yp)", "takes a whole reduce axis"}});
  const auto constant = [] {
    axis<"i"> i{4};
    axis<"k"> k{5};
    tensor<"A", float, 1> A;
    tensor<"B", float, 2> B;
    tensor<"C", float, 1> C;
    return describe(op<"constant">(A, B, C)(C(i) = sum(k)(A(i) * B(i, k))));
  }();
  check_refused(constant, {{"factor(C.k)", "nothing is left to sum over"}});
  const auto greatest = [] {
    axis<"i"> i{4};
    axis<"k"> k{5};
    axis<"l"> l{6};
    tensor<"A", float, 2> A;
    tensor<"B", float, 3> B;
    tensor<"C", float, 1> C;
    return describe(op<"greatest">(A, B, C)(C(i) = max(k, l)(A(i, k) * B(i, k, l))));
  }();
  check_refused(greatest, {{"factor(C.l)", "is not a sum"}});
}

TEST_CASE("steps that are legal one by one but not together have an id of their own") {
  CHECK(refusal(gemm, "reorder(C: i k j); cache_write(C, register)").find("LATHE-E204") !=
        std::string::npos);
}

TEST_CASE("a step that is refused names itself and its place") {
  const std::string message = refusal(gemm, "unroll(C.k); vectorize(C.x)");
  CHECK(message.find("LATHE-E203") != std::string::npos);
  CHECK(message.find("step 2") != std::string::npos);
  CHECK(message.find("vectorize(C.x)") != std::string::npos);
}
