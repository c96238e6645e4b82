// What each construct of the language becomes in the description.
#include <lathe/analysis/describe.hpp>

namespace {

using namespace lathe;

template <capacity Size>
constexpr const desc_expr& root(const description<Size>& desc, int stage = 0) {
  return desc.expr_table[desc.stage_table[stage].body];
}
template <capacity Size>
constexpr const desc_expr& child(const description<Size>& desc, short index) {
  return desc.expr_table[index];
}

// ------------------------------------------------------------------ static sizes, in the type
constexpr auto static_gemm() {
  axis<"i", 64> i;
  axis<"j", 32> j;
  axis<"k", 16> k;
  tensor<"A", float[64][16]> A;
  tensor<"B", float[16][32]> B;
  tensor<"C", float[64][32]> C;
  return op<"gemm">(A, B, C)(C(i, j) = sum(k)(A(i, k) * B(k, j)));
}
constexpr auto sized = describe(static_gemm());
static_assert(sized.valid() && sized.in_bounds() && sized.flops() == 2.0 * 64 * 32 * 16);
static_assert(sized.tensor_table[0].declared && sized.shape("A", 1) == 16);

// A static and a run-time axis of one name are one axis if their extents agree.
constexpr auto half_static(int depth) {
  axis<"i", 4> i;
  axis<"k", 16> k;
  axis<"k"> same{depth};
  tensor<"A", float, 2> A;
  tensor<"c", float, 1> c;
  return op<"half_static">(A, c)(c(i) = sum(k)(A(i, same)));
}
static_assert(describe(half_static(16)).valid());
static_assert(describe(half_static(15)).problem.code == diagnostic::two_extents);

// ------------------------------------------------------------------ weak literals, params, outputs
constexpr auto axpby() {
  axis<"i"> i{10};
  tensor<"x", double, 1> x;
  tensor<"y", double, 1> y;
  tensor<"z", double, 1> z;
  tensor<"n", std::int64_t, 1> n;
  param<"alpha", double> alpha;
  return op<"axpby">(alpha, x, y, z, n)(z(i) = alpha * x(i) + 2 * y(i), n(i) = 3);
}
constexpr auto scaled = describe(axpby());
static_assert(scaled.valid() && scaled.inputs() == 3 && scaled.outputs() == 2);
static_assert(scaled.tensor_table[0].scalar && scaled.tensor_table[0].rank == 0);
static_assert(scaled.bytes() == 8 + 4 * 10 * 8);
constexpr const desc_expr& twice = child(scaled, child(scaled, root(scaled).b).a);
static_assert(twice.op == opcode::literal && twice.type == dtype::f64 && twice.num == 2);
static_assert(root(scaled, 1).op == opcode::literal && root(scaled, 1).type == dtype::i64);
static_assert(root(scaled, 1).imm == 3);

// 0.1 is rounded to the tensor's type once, here.
constexpr auto tenth() {
  axis<"i"> i{4};
  tensor<"x", float, 1> x;
  tensor<"y", float, 1> y;
  return op<"tenth">(x, y)(y(i) = 0.1 * x(i));
}
constexpr auto rounded = describe(tenth());
static_assert(child(rounded, root(rounded).a).num == static_cast<double>(0.1f));

// Beyond the range of float, as an identity of max often is, it is infinite.
constexpr auto largest() {
  axis<"i"> i{4};
  axis<"k"> k{4};
  tensor<"x", float, 2> x;
  tensor<"y", float, 1> y;
  reducer top(-1e308, [](auto a, auto b) { return max(a, b); });
  return op<"largest">(x, y)(y(i) = top(k)(x(i, k)));
}
constexpr auto topped = describe(largest());
static_assert(child(topped, root(topped).b).num < -3.5e38);

// ------------------------------------------------------------------ reducers
constexpr auto reductions() {
  axis<"i"> i{4};
  axis<"k"> k{5};
  axis<"l"> l{6};
  axis<"m"> m{7};
  tensor<"A", float, 2> A;
  tensor<"B", float, 3> B;
  tensor<"y", float, 1> y;
  tensor<"t", float, 0> total;
  reducer norm(0.0, [](auto a, auto b) { return max(a, abs(b)); });
  return op<"reductions">(A, B, y, total)(
      y(i) = norm(k)(A(i, k)) - prod(l, m)(B(i, l, m)) + sum(m)(sum(l)(B(i, l, m)) * A(i, 0)),
      total() = sum(i)(y(i)));
}
constexpr auto reduced = describe(reductions());
static_assert(reduced.valid() && reduced.stages() == 2 && reduced.spatial_loops(0) == 1);
// k | l m | m l: each reduction has its own loops, contiguous and in order of appearance
static_assert(reduced.reduce_loops(0) == 5 && reduced.axis_name(0, 1) == "k");
static_assert(reduced.axis_name(0, 2) == "l" && reduced.axis_name(0, 3) == "m");
static_assert(reduced.axis_name(0, 4) == "m" && reduced.axis_name(0, 5) == "l");
constexpr const desc_expr& difference = child(reduced, root(reduced).a);
constexpr const desc_expr& user = child(reduced, difference.a);
static_assert(user.op == opcode::reduce && user.kind == reducer_kind::user);
static_assert(user.imm == 1 && user.count == 1);
static_assert(child(reduced, user.b).op == opcode::literal && child(reduced, user.b).num == 0);
static_assert(child(reduced, user.c).op == opcode::max);
static_assert(child(reduced, child(reduced, user.c).a).op == opcode::arg);
constexpr const desc_expr& product = child(reduced, difference.b);
static_assert(product.kind == reducer_kind::prod && product.imm == 2 && product.count == 2);
static_assert(product.b == -1 && product.c == -1);  // known identity and combiner
static_assert(reduced.spatial_loops(1) == 0 && reduced.trip_count(1) == 4);
static_assert(reduced.flops(0) == 4 * (5 * 2 + 42 + 42 + 7 * 2 + 2));

// ------------------------------------------------------------------ conditions, casts, calls,
// types
constexpr auto mixture() {
  axis<"i"> i{8};
  tensor<"a", std::int8_t, 1> a;
  tensor<"b", std::uint8_t, 1> b{8};  // read under a condition only
  tensor<"c", int, 1> c;
  tensor<"d", double, 1> d;
  return op<"mixture">(a, b, c, d)(
      c(i) = select(!(i < 3 || a(i) == 0), cast<int>(a(i)) * cast<int>(b(i)) % 7, -1),
      d(i) = call<"erfc", double>(cast<double>(c(i)), 0.5) + floor(cast<double>(i) / 2));
}
constexpr auto mixed = describe(mixture());
static_assert(mixed.valid() && mixed.bytes() == 8 + 8 + 32 + 64);
static_assert(root(mixed).op == opcode::select && root(mixed).type == dtype::i32);
static_assert(child(mixed, root(mixed).a).op == opcode::logical_not);
static_assert(child(mixed, root(mixed).c).type == dtype::i32);
static_assert(child(mixed, root(mixed, 1).a).op == opcode::call);
static_assert(same_text(child(mixed, root(mixed, 1).a).name, "erfc"));
static_assert(mixed.flops(0) == 16);  // integer elements count: * and %
static_assert(mixed.access_table[mixed.read(0, "a", 1)].guarded);
static_assert(!mixed.access_table[mixed.read(0, "a", 0)].guarded);  // the condition itself is not

// ------------------------------------------------------------------ gathers
constexpr auto gathered() {
  axis<"i"> i{6};
  tensor<"X", float, 2> X{9, 4};
  tensor<"S", int, 1> S;
  tensor<"Y", float, 1> Y;
  return op<"gathered">(X, S, Y)(Y(i) = X(S(i), S(i) % 4));
}
constexpr auto indirect = describe(gathered());
constexpr const desc_access& read_x = indirect.access_table[indirect.read(0, "X")];
static_assert(child(indirect, read_x.index[0]).op == opcode::cast);
static_assert(child(indirect, read_x.index[0]).type == dtype::i64);
static_assert(child(indirect, child(indirect, read_x.index[0]).a).op == opcode::load);
static_assert(child(indirect, read_x.index[1]).op == opcode::floor_mod);
static_assert(range_of(indirect, read_x.index[1]).high == 3);  // proven whatever S holds
static_assert(indirect.valid() && indirect.access_bounds() == bounds::unknown);

// A tensor read by a gather alone has no shape of its own.
constexpr auto shapeless() {
  axis<"i"> i{6};
  tensor<"X", float, 1> X;
  tensor<"S", int, 1> S;
  tensor<"Y", float, 1> Y;
  return op<"shapeless">(X, S, Y)(Y(i) = X(S(i)));
}
static_assert(describe(shapeless()).problem.code == diagnostic::shape_unknown);

// ------------------------------------------------------------------ composition by functions
template <class Input, class Axis>
constexpr auto padded(const Input& input, const Axis& q, int padding, int length) {
  tensor<"P", float, 1> P;
  return P(q) = select(q >= padding && q < length + padding, input(q - padding), 0);
}
constexpr auto composed() {
  axis<"q"> q{12};
  axis<"i"> i{10};
  tensor<"X", float, 1> X{10};
  tensor<"P", float, 1> P;
  tensor<"Y", float, 1> Y;
  return op<"composed">(X, Y)(padded(X, q, 1, 10), Y(i) = P(i) + P(i + 2));
}
static_assert(describe(composed()).in_bounds() && describe(composed()).consumers(0) == 1);

}  // namespace
