// What the right answer is: sampled elements, exactness, bounds of gathers, and the oracle made of
// them.
#include <lathe/api/evaluate.hpp>
#include <lathe/api/exactness.hpp>
#include <lathe/api/functions.hpp>
#include <lathe/api/gather_bounds.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/api/sampler.hpp>
#include <lathe/measure/worker.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/pooling.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/vector_math.hpp>

#include <cstdint>
#include <doctest/doctest.h>
#include <optional>
#include <set>
#include <vector>

using namespace lathe;

namespace {

axis<"i"> i{9};
axis<"j"> j{7};

template <class Operation>
program program_of(const Operation& operation) {
  return make_program(describe(operation));
}

/// A jit for this machine, or nothing after a "[SKIP] reason" message.
std::optional<native::jit> host_compiler() {
  auto made = native::jit::create(native::host_target().value());
  if (made) return *made;
  MESSAGE("[SKIP] ", std::string(made.error().what()));
  return std::nullopt;
}

result<oracle> oracle_of(const program& of, const native::jit& compiler, bool all = false) {
  return make_oracle(of, {}, native::host_target().value(), compiler, {}, 5, all);
}

/// Every element of the last parameter, sampled, is what evaluate() computed.
template <class Operation, class Out, class... Ins>
void check_samples(const Operation& operation, std::vector<Out> out,
                   const std::vector<Ins>&... inputs) {
  evaluate(operation, inputs..., out);
  const program of = program_of(operation);
  const sequence<const void*> data{inputs.data()..., nullptr};
  const int tensor = of.param_count - 1;
  const auto& shape = of.tensors[static_cast<std::size_t>(tensor)].shape;
  for (std::size_t flat = 0; flat < out.size(); ++flat) {
    sequence<std::int64_t> point(shape.size());
    std::size_t rest = flat;
    for (std::size_t dim = shape.size(); dim-- > 0;) {
      point[dim] = static_cast<std::int64_t>(rest % static_cast<std::size_t>(shape[dim]));
      rest /= static_cast<std::size_t>(shape[dim]);
    }
    CHECK(sample(of, tensor, point, data) == static_cast<double>(out[flat]));
  }
}

template <class Element>
std::vector<Element> numbers(std::size_t count, int modulus = 7, int offset = -3) {
  std::vector<Element> out;
  for (std::size_t n = 0; n < count; ++n)
    out.push_back(static_cast<Element>(static_cast<int>(n * 5 % 97) % modulus + offset));
  return out;
}

}  // namespace

// ---------------------------------------------------------------------------------- sampler

TEST_CASE("sampler: every element is what evaluate() computes") {
  check_samples(ops::gemm(3, 4, 5), std::vector<float>(12), numbers<float>(15), numbers<float>(20));
  // Padding (select), windows and a stage that is read many times.
  check_samples(ops::conv2d(1, 2, 5, 6, 3, 3, 1, 1), std::vector<float>(3 * 5 * 6),
                numbers<float>(2 * 5 * 6), numbers<float>(3 * 2 * 9));
  check_samples(ops::max_pool2d(1, 2, 6, 6, 2, 2), std::vector<float>(2 * 3 * 3),
                numbers<float>(2 * 6 * 6));
}

TEST_CASE("sampler: integers wrap, divide towards zero and convert as C++ has it") {
  tensor<"A", std::int8_t, 1> A;
  tensor<"B", std::int8_t, 1> B;
  tensor<"u", std::uint8_t, 1> u;
  tensor<"n", int, 1> n;
  const auto a = numbers<std::int8_t>(9, 90, -45), b = numbers<std::int8_t>(9, 5, 60);
  check_samples(op<"i8">(A, B, n)(n(i) = cast<int>(A(i) * B(i) - A(i)) / 3 % 5),
                std::vector<int>(9), a, b);
  check_samples(op<"u8">(A, B, u)(u(i) = cast<std::uint8_t>(A(i)) + cast<std::uint8_t>(B(i))),
                std::vector<std::uint8_t>(9), a, b);
  check_samples(op<"logic">(A, B, n)(n(i) = select(A(i) < 0 && !(B(i) == 61), 1,
                                                   select(A(i) > 3 || i % 3 == 1, 2, 3)) +
                                            cast<int>(min(abs(A(i)), max(-B(i), A(i))))),
                std::vector<int>(9), a, b);
}

TEST_CASE("sampler: indices with / and %, gathers, and reducers of one's own") {
  tensor<"X", float, 1> X{9};
  tensor<"M", int, 1> M;
  tensor<"y", float, 1> y;
  axis<"k"> k{6};
  check_samples(op<"fold">(X, y)(y(i) = X(i / 2) * 10.0f + X((i + 5) % 9)), std::vector<float>(9),
                numbers<float>(9));
  check_samples(op<"gather">(X, M, y)(y(i) = X(M(i)) - X(8 - i)), std::vector<float>(9),
                numbers<float>(9), numbers<int>(9, 9, 0));
  const auto last_larger = reducer(-100, [](auto a, auto b) { return select(b > a, b, a - 1.0f); });
  check_samples(op<"own">(X, y)(y(i) = last_larger(k)(X((i + k * 2) % 9))), std::vector<float>(9),
                numbers<float>(9));
}

TEST_CASE("sampler: elements of memory in every type") {
  const float f = -1.5f;
  const double d = 1e300;
  const std::int64_t l = -(std::int64_t{1} << 40);
  const std::int32_t n[] = {1, -2};
  const std::int8_t b = -128;
  const std::uint8_t u = 255;
  const bool t = true;
  CHECK(element_of(&f, dtype::f32, 0) == -1.5);
  CHECK(element_of(&d, dtype::f64, 0) == 1e300);
  CHECK(element_of(&l, dtype::i64, 0) == -0x1p40);
  CHECK(element_of(n, dtype::i32, 1) == -2);
  CHECK(element_of(&b, dtype::i8, 0) == -128);
  CHECK(element_of(&u, dtype::u8, 0) == 255);
  CHECK(element_of(&t, dtype::boolean, 0) == 1);
}

TEST_CASE("sampler: corners come first, then points inside") {
  const sequence<std::int64_t> shape{4, 1, 9};
  random_engine engine(1);
  std::set<std::vector<std::int64_t>> corners, inner;
  for (std::uint32_t number = 0; number < 200; ++number) {
    const auto point = sample_point(shape, number, engine);
    REQUIRE(point.size() == 3);
    for (std::size_t dim = 0; dim < 3; ++dim) {
      CHECK(point[dim] >= 0);
      CHECK(point[dim] < shape[dim]);
      if (number < 8) CHECK((point[dim] == 0 || point[dim] == shape[dim] - 1));
    }
    (number < 8 ? corners : inner).insert({point.begin(), point.end()});
  }
  CHECK(corners == std::set<std::vector<std::int64_t>>{{0, 0, 0}, {0, 0, 8}, {3, 0, 0}, {3, 0, 8}});
  CHECK(inner.size() > 30);  // of 36
}

TEST_CASE("sampler: the cost is that of the sums") {
  const program small = program_of(ops::gemm(4, 4, 10)), large = program_of(ops::gemm(4, 4, 1000));
  CHECK(sample_cost(small, 0) == 1);
  CHECK(sample_cost(large, 2) == doctest::Approx(100 * sample_cost(small, 2)));
}

// ---------------------------------------------------------------------------------- exactness

TEST_CASE("exactness: sums of products as long as the type counts") {
  CHECK(exact_inputs(program_of(ops::gemm(2, 2, 1 << 22))) == 2);
  CHECK(exact_inputs(program_of(ops::gemm(2, 2, (1 << 22) + 1))) == 1);
  CHECK(exact_inputs(program_of(ops::gemm(2, 2, 1 << 24))) == 1);
  CHECK(exact_inputs(program_of(ops::gemm(2, 2, (1 << 24) + 1))) == 0);
  axis<"k"> k{1 << 25};
  tensor<"D", double, 1> D;
  tensor<"N", int, 1> N;
  tensor<"F", float, 1> F;
  tensor<"d", double, 0> d;
  tensor<"n", int, 0> n;
  tensor<"f", float, 0> f;
  CHECK(exact_inputs(program_of(op<"f64">(D, d)(d() = sum(k)(D(k) * D(k))))) == 2);
  CHECK(exact_inputs(program_of(op<"i32">(N, n)(n() = sum(k)(N(k) * N(k))))) == 2);
  CHECK(exact_inputs(program_of(op<"max">(F, f)(f() = max(k)(F(k) * 3)))) == 2);
  axis<"few"> few{7};
  axis<"many"> many{40};
  CHECK(exact_inputs(program_of(op<"prod">(F, f)(f() = prod(few)(F(few))))) == 2);
  CHECK(exact_inputs(program_of(op<"prod">(F, f)(f() = prod(many)(F(many))))) == 0);
}

TEST_CASE("exactness: what rounds, or may have no value, is not exact") {
  tensor<"F", float, 1> F;
  tensor<"B", std::int8_t, 1> B;
  tensor<"L", std::int64_t, 1> L;
  tensor<"f", float, 1> f;
  tensor<"b", std::int8_t, 1> b;
  tensor<"l", std::int64_t, 1> l;
  const auto exact = [](const auto& statement_op) {
    return exact_inputs(program_of(statement_op));
  };
  CHECK(exact(op<"good">(F, f)(f(i) = select(F(i) > 0, abs(F(i)) * 3, -F(i)))) == 2);
  CHECK(exact(op<"quotient">(F, f)(f(i) = F(i) / 2)) == 0);
  CHECK(exact(op<"fraction">(F, f)(f(i) = F(i) * 0.5f)) == 0);
  CHECK(exact(op<"exp">(F, f)(f(i) = exp(F(i)))) == 0);
  CHECK(exact(op<"guard">(F, f)(f(i) = select(sqrt(F(i)) > 1, 1.0f, F(i)))) == 0);
  CHECK(exact(op<"inside">(F, l)(l(i) = cast<std::int64_t>(sin(F(i))) + 1)) == 0);
  CHECK(exact(op<"f32 call">(F, f)(f(i) = call<"f", float>(F(i)))) == 0);
  CHECK(exact(op<"i8 call">(B, b)(b(i) = call<"f", std::int8_t>(B(i)))) == 0);
  CHECK(exact(op<"i64 call">(L, l)(l(i) = call<"f", std::int64_t>(L(i)) * 3 + 7)) == 0);
  CHECK(exact(op<"by constant">(B, b)(b(i) = B(i) / 3 + B(i) % 5)) == 2);
  CHECK(exact(op<"by element">(L, l)(l(i) = L(i) / (L(i) - 1) + 1)) == 0);
  CHECK(exact(op<"by i8">(B, b)(b(i) = B(i) % (B(i) - 1))) == 0);
}

// ---------------------------------------------------------------------------------- gathers

TEST_CASE("gather_bounds: the largest index that stays inside") {
  tensor<"X", float, 1> X{10};
  tensor<"M", int, 1> M;
  tensor<"A", int, 1> A;
  tensor<"y", float, 1> y;
  const auto check = [&](const auto& operation, std::int64_t wanted) {
    const program of = program_of(operation);
    const gather_bounds found(of);
    CHECK_FALSE(found.is_index(0));
    CHECK(found.is_index(1));
    CHECK(found.bound() == wanted);
  };
  check(op<"plain">(X, M, y)(y(i) = X(M(i))), 10);
  check(op<"scaled">(X, M, y)(y(i) = X(M(i) * 2 + 1)), 5);
  check(op<"moved">(X, M, y)(y(i) = X(M(i) + i / 3)), 8);
  check(op<"folded">(X, M, y)(y(i) = X(M(i) / 4)), 40);
  check(op<"safe">(X, M, y)(y(i) = X(M(i) % 10)), 1 << 20);
  check(op<"two">(X, M, y)(y(i) = X(M(i)) + X(M(8 - i) * 3)), 4);
  check(op<"from the end">(X, M, y)(y(i) = X(9 - M(i))), 10);
  check(op<"never">(X, M, y)(y(i) = X(M(i) + 20)), 1);
  const program none = program_of(op<"none">(X, A, y)(y(i) = X(i) * cast<float>(A(i))));
  CHECK_FALSE(gather_bounds(none).is_index(1));
}

TEST_CASE("gather_bounds: indices that are computed from inputs first") {
  tensor<"X", float, 1> X{10};
  tensor<"M", int, 1> M;
  tensor<"T", int, 1> T;
  tensor<"y", float, 1> y;
  const program of = program_of(op<"computed">(X, M, y)(T(i) = M(i) * 2 + 1, y(i) = X(T(i))));
  const gather_bounds found(of);
  CHECK_FALSE(found.is_index(0));
  CHECK(found.is_index(1));
  CHECK(found.bound() == 5);
  const auto compiler = host_compiler();
  if (!compiler) return;
  const auto answer = oracle_of(of, *compiler);
  CHECK_MESSAGE(answer.has_value(), (answer ? "" : answer.error().what()));
}

// ---------------------------------------------------------------------------------- oracle

TEST_CASE("oracle: an exact operator's answer is the default kernel's, proven at points") {
  const auto compiler = host_compiler();
  if (!compiler) return;
  const auto source = ops::conv2d(1, 3, 7, 9, 4, 3, 1, 1);
  const program of = program_of(source);
  const auto sampled = oracle_of(of, *compiler), whole = oracle_of(of, *compiler, true);
  REQUIRE_MESSAGE(sampled.has_value(), (sampled ? "" : sampled.error().what()));
  REQUIRE(whole.has_value());
  CHECK(sampled->how.find("proven by the interpreter at") != std::string::npos);
  CHECK(whole->how.find("element by element") != std::string::npos);
  REQUIRE(sampled->expected.size() == 1);
  CHECK(sampled->expected == whole->expected);
  const argument_set& given = *sampled->arguments;
  std::vector<float> y(4 * 7 * 9);
  evaluate(source, reinterpret_cast<const float*>(given[0].memory.data()),
           reinterpret_cast<const float*>(given[1].memory.data()), y);
  CHECK(compare(y.data(), sampled->wanted[0]).text == "");
  CHECK(sampled->wanted[0].extents == sequence<std::int64_t>{1, 4, 7, 9});
  y[100] += 1;
  CHECK(compare(y.data(), sampled->wanted[0]).wrong == 1);
}

TEST_CASE("oracle: other operators are interpreted whole and compared within a bound") {
  const auto compiler = host_compiler();
  if (!compiler) return;
  const auto source = ops::softmax(5, 37);
  const auto answer = oracle_of(program_of(source), *compiler);
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().what()));
  CHECK(answer->how.find("within an error bound") != std::string::npos);
  REQUIRE(answer->wanted[0].bounded());
  CHECK(answer->wanted[0].terms == 37);
  CHECK(answer->wanted[0].function_ulps >= native::max_ulps(opcode::exp, true));
  std::vector<float> y(5 * 37);
  evaluate(source, reinterpret_cast<const float*>((*answer->arguments)[0].memory.data()), y);
  CHECK(compare(y.data(), answer->wanted[0]).text == "");
  y[17] *= 1.0001f;
  CHECK(compare(y.data(), answer->wanted[0]).wrong == 1);
}

TEST_CASE("oracle: a wrong kernel is refused, at corners and anywhere else") {
  const auto compiler = host_compiler();
  if (!compiler) return;
  tensor<"A", float, 2> A;
  tensor<"C", float, 2> C;
  const auto right = op<"scaled">(A, C)(C(i, j) = A(i, j) * 3);
  const program of = program_of(right);
  auto answer = oracle_of(of, *compiler);
  REQUIRE(answer.has_value());
  auto bench = worker::create(*compiler, *answer->arguments, {isolation::process, 1});
  REQUIRE(bench.has_value());
  const auto outcome = [&](const program& measured) {
    const auto made =
        compile_trace(measured, {}, native::host_target().value(), *compiler, {}).value();
    return (*bench)->measure(made.plan, made.object, answer->wanted, {});
  };
  CHECK(outcome(of).ok());
  const auto corner = outcome(
      program_of(op<"scaled">(A, C)(C(i, j) = A(i, j) * select(i == 8 && j == 6, 2.0f, 3.0f))));
  CHECK(corner.failed == failure::wrong_answer);
  CHECK(corner.reason.find("C[8,6]") != std::string::npos);
  CHECK(outcome(program_of(op<"scaled">(A, C)(C(i, j) = A(i, j) * select(i == 4, 2.0f, 3.0f))))
            .failed == failure::wrong_answer);
}

TEST_CASE("oracle: sampled points prove the default kernel, or contradict it by name") {
  const auto compiler = host_compiler();
  if (!compiler) return;
  const program of = program_of(ops::gemm(9, 11, 5));
  auto answer = oracle_of(of, *compiler);
  REQUIRE(answer.has_value());
  argument_set& given = *answer->arguments;
  const auto points = prove_outputs(of, given, 3);
  REQUIRE(points.has_value());
  CHECK(*points == 2000);
  CHECK(*prove_outputs(program_of(ops::gemm(9, 11, 5)), given, 4) == 2000);
  auto* c = reinterpret_cast<float*>(given[2].memory.data());
  for (const int wrong : {0, 10, 88, 98}) {  // the corners
    c[wrong] += 1;
    const auto refused = prove_outputs(of, given, 3);
    c[wrong] -= 1;
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().id() == "LATHE-E510");
    CHECK(refused.error().text().find("C[" + std::to_string(wrong) + "]") != std::string::npos);
  }
  c[45] += 1;  // one element of 99 is hit by one of 2000 points
  CHECK_FALSE(prove_outputs(of, given, 3).has_value());
  // Long sums get fewer points, never less than 40.
  const program costly = program_of(ops::gemm(2, 2, 1 << 20));
  const auto large = oracle_of(costly, *compiler);
  REQUIRE(large.has_value());
  CHECK(*prove_outputs(costly, *large->arguments, 1) == 40);
}

TEST_CASE("oracle: operators without a value, or with unknown functions, are errors") {
  const auto compiler = host_compiler();
  if (!compiler) return;
  tensor<"A", int, 1> A;
  tensor<"y", int, 1> y;
  const auto zero = oracle_of(program_of(op<"zero">(A, y)(y(i) = A(i) / (A(i) - A(i)))), *compiler);
  REQUIRE_FALSE(zero.has_value());
  CHECK(zero.error().id() == "LATHE-E511");
  CHECK(zero.error().text().find("division of integers by zero") != std::string::npos);
  const auto lost = oracle_of(
      program_of(op<"lost">(A, y)(y(i) = call<"lathe_test_nowhere", int>(A(i)))), *compiler);
  REQUIRE_FALSE(lost.has_value());
  CHECK(lost.error().id() == "LATHE-E108");
}
