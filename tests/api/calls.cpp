// Operators that call functions of the program: kernels and the search must do what evaluate()
// does.
#include <lathe/api/calls.hpp>
#include <lathe/api/evaluate.hpp>
#include <lathe/api/tune.hpp>
#include <lathe/target/cpu/host.hpp>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <doctest/doctest.h>
#include <filesystem>
#include <stdlib.h>
#include <string>
#include <vector>

using namespace lathe;

// Found by the dynamic linker: this program exports its symbols.
extern "C" {
float lathe_test_blend(float left, float right) { return left * 0.75f + right * 0.25f; }
double lathe_test_shifted(double value) { return value + 0.5; }
std::int8_t lathe_test_negated(std::int8_t value) { return static_cast<std::int8_t>(-value); }
std::uint8_t lathe_test_inverted(std::uint8_t value) {
  return static_cast<std::uint8_t>(255 - value);
}
int lathe_test_squared(int value) { return value * value; }
std::int64_t lathe_test_scrambled(std::int64_t value) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) * 0x9e3779b97f4a7c15u);
}
double lathe_test_mixed(std::int8_t step, float scale, std::int64_t offset) {
  return static_cast<double>(step) * static_cast<double>(scale) + static_cast<double>(offset);
}
}

namespace {

const tune_options plain{.effort = effort_level::estimate, .threads = 1, .cache = cache_mode::off};

std::atomic<int> calls{0}, bad_calls{0};

/// Must never see what is not positive.
float counted_root(float value) {
  ++calls;
  if (!(value > 0)) ++bad_calls;
  return std::sqrt(value);
}

/// Runs an operator with one input and one output under several schedules, as evaluate() runs it.
template <class Out, class Operation, class In>
void check_call(const Operation& source, const std::vector<In>& input, const char* axis_name) {
  std::vector<Out> expected(input.size()), got(input.size());
  evaluate(source, input, expected);
  CHECK(expected != got);
  const std::string i = axis_name;
  for (const std::string& steps :
       {std::string(), "vectorize(" + i + ")",
        "split(" + i + " -> a:_, b:8); vectorize(" + i.substr(0, 2) + "b)",
        "split(" + i + " -> a:_, b:3); unroll(" + i.substr(0, 2) + "b)"}) {
    CAPTURE(steps);
    got.assign(input.size(), Out{});
    compile(source, steps, cpu(), plain)(input, got);
    CHECK(got == expected);
  }
}

/// `count` numbers from -count/2 on.
template <class Element>
std::vector<Element> numbers(int count) {
  std::vector<Element> out;
  for (int n = 0; n < count; ++n) out.push_back(static_cast<Element>(n - count / 2));
  return out;
}

axis<"i"> i{37};

}  // namespace

TEST_CASE("calls: a kernel calls the program's functions as evaluate() does, in every type") {
  tensor<"F", float, 1> F;
  tensor<"D", double, 1> D;
  tensor<"B", std::int8_t, 1> B;
  tensor<"U", std::uint8_t, 1> U;
  tensor<"N", int, 1> N;
  tensor<"L", std::int64_t, 1> L;
  tensor<"f", float, 1> f;
  tensor<"d", double, 1> d;
  tensor<"b", std::int8_t, 1> b;
  tensor<"u", std::uint8_t, 1> u;
  tensor<"n", int, 1> n;
  tensor<"l", std::int64_t, 1> l;
  check_call<float>(op<"f32">(F, f)(f(i) = call<"lathe_test_blend", float>(F(i), 3)),
                    numbers<float>(37), "f.i");
  check_call<double>(op<"f64">(D, d)(d(i) = call<"lathe_test_shifted", double>(D(i)) * 2),
                     numbers<double>(37), "d.i");
  check_call<std::int8_t>(op<"i8">(B, b)(b(i) = call<"lathe_test_negated", std::int8_t>(B(i))),
                          numbers<std::int8_t>(37), "b.i");
  check_call<std::uint8_t>(op<"u8">(U, u)(u(i) = call<"lathe_test_inverted", std::uint8_t>(U(i))),
                           numbers<std::uint8_t>(37), "u.i");
  check_call<int>(op<"i32">(N, n)(n(i) = call<"lathe_test_squared", int>(N(i)) - 1),
                  numbers<int>(37), "n.i");
  check_call<std::int64_t>(
      op<"i64">(L, l)(l(i) = call<"lathe_test_scrambled", std::int64_t>(L(i)) + 7),
      numbers<std::int64_t>(37), "l.i");
  check_call<double>(
      op<"mixed">(B, d)(d(i) = call<"lathe_test_mixed", double>(
                            B(i), cast<float>(B(i)) * 0.5f, cast<std::int64_t>(B(i)) * 1000000007)),
      numbers<std::int8_t>(37), "d.i");
}

TEST_CASE("calls: only lanes in use call, and only where the branch is taken") {
  define_function("lathe_test_counted_root", &counted_root);
  tensor<"A", float, 1> A;
  tensor<"y", float, 1> y;
  const auto guarded = op<"guarded">(
      A, y)(y(i) = select(A(i) > 0, call<"lathe_test_counted_root", float>(A(i)), -1.0f));
  const std::vector<float> input = numbers<float>(37);  // 18 are positive
  std::vector<float> expected(37), got(37);
  evaluate(guarded, input, expected);
  for (const char* steps : {"", "vectorize(y.i)", "split(y.i -> a:_, b:8); vectorize(y.b)",
                            "split(y.i -> a:_, b:16); vectorize(y.b); unroll(y.a)"}) {
    CAPTURE(std::string(steps));
    const auto kernel = compile(guarded, steps, cpu(), plain);
    calls = bad_calls = 0;
    kernel(input, got);
    CHECK(got == expected);
    CHECK(calls == 18);
    CHECK(bad_calls == 0);
  }
  // The operand is positive in all lanes in use; a tail has more lanes than that.
  const auto whole =
      op<"whole">(A, y)(y(i) = call<"lathe_test_counted_root", float>(abs(A(i)) + 1));
  for (const char* steps : {"vectorize(y.i)", "split(y.i -> a:_, b:8); vectorize(y.b)"}) {
    const auto kernel = compile(whole, steps, cpu(), plain);
    calls = bad_calls = 0;
    kernel(input, got);
    CHECK(calls == 37);
    CHECK(bad_calls == 0);
  }
}

TEST_CASE("calls: a function that is nowhere is named") {
  tensor<"A", float, 1> A;
  tensor<"y", float, 1> y;
  const auto source = op<"lost">(A, y)(y(i) = call<"lathe_test_not_there", float>(A(i)));
  const auto compiled = try_compile(source, "", cpu(), plain);
  REQUIRE_FALSE(compiled.has_value());
  CHECK(compiled.error().id() == "LATHE-E108");
  CHECK(compiled.error().text().find("lathe_test_not_there") != std::string::npos);
  CHECK(compiled.error().text().find("define_function") != std::string::npos);
  const auto tuned = try_tune(source, cpu(), {.trials = 1, .cache = cache_mode::off});
  REQUIRE_FALSE(tuned.has_value());
  CHECK(tuned.error().id() == "LATHE-E108");
}

TEST_CASE("calls: a function has one type") {
  tensor<"A", float, 1> A;
  tensor<"y", float, 1> y;
  const auto twice = op<"twice">(A, y)(y(i) = call<"lathe_test_blend", float>(A(i), 1) +
                                              call<"lathe_test_blend", float>(A(i), cast<int>(2)));
  const auto refused = try_compile(twice, "", cpu(), plain);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().id() == "LATHE-E113");
  CHECK(refused.error().text().find("f32 lathe_test_blend(f32, i32)") != std::string::npos);
}

TEST_CASE("calls: define_function refuses what it cannot mean") {
  float (*const first)(float) = [](float x) { return x + 1; };
  float (*const second)(float) = [](float x) { return x + 2; };
  define_function("lathe_test_defined_once", first);
  define_function("lathe_test_defined_once", first);
  const auto id_of = [](auto&& action) -> std::string {
    try {
      action();
    } catch (const error& problem) {
      return problem.id();
    }
    return "";
  };
  CHECK(id_of([&] { define_function("lathe_test_defined_once", second); }) == "LATHE-E109");
  CHECK(id_of([&] { define_function("", first); }) == "LATHE-E109");
  CHECK(id_of([&] { define_function("two words", first); }) == "LATHE-E109");
  CHECK(id_of([&] { define_function("9lives", first); }) == "LATHE-E109");
  float (*const nothing)(float) = nullptr;
  CHECK(id_of([&] { define_function("lathe_test_nothing", nothing); }) == "LATHE-E109");
  tensor<"A", float, 1> A;
  tensor<"y", float, 1> y;
  std::vector<float> got(37), wanted = numbers<float>(37);
  for (float& each : wanted) each += 1;
  compile(op<"once">(A, y)(y(i) = call<"lathe_test_defined_once", float>(A(i))), "", cpu(), plain)(
      numbers<float>(37), got);
  CHECK(got == wanted);
}

TEST_CASE("calls: names of kernels' phases and of libm are the program's to use") {
  float (*const own)(float) = [](float x) { return x * 3; };
  define_function("phase0", own);
  define_function("expf", own);
  tensor<"A", float, 1> A;
  tensor<"y", float, 1> y;
  std::vector<float> got(37);
  const std::vector<float> input = numbers<float>(37);
  compile(op<"own">(A, y)(y(i) = call<"phase0", float>(A(i)) + call<"expf", float>(A(i)) +
                                 0 * exp(A(i) * 0)),
          "vectorize(y.i)", cpu(), plain)(input, got);
  for (std::size_t at = 0; at < got.size(); ++at) CHECK(got[at] == 6 * input[at]);
}

TEST_CASE("calls: tuning checks candidates against the functions, and finds them again") {
  std::string folder = (std::filesystem::temp_directory_path() / "lathe-calls-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  axis<"k"> k{19};
  tensor<"X", float, 2> X;
  tensor<"L", std::int64_t, 1> L;
  tensor<"y", float, 1> y;
  tensor<"h", std::int64_t, 1> h;
  const auto source =
      op<"called">(X, L, y, h)(y(i) = sum(k)(call<"lathe_test_blend", float>(X(i, k), X(i, 0))),
                               h(i) = call<"lathe_test_scrambled", std::int64_t>(L(i)));
  std::vector<float> x(37 * 19), expected(37), got(37);
  for (std::size_t at = 0; at < x.size(); ++at) x[at] = static_cast<float>(at % 11);
  const std::vector<std::int64_t> wide = numbers<std::int64_t>(37);
  std::vector<std::int64_t> hashed(37), got_hashed(37);
  evaluate(source, x, wide, expected, hashed);
  for (const bool cached : {false, true}) {
    const auto kernel = tune(source, cpu(),
                             {.time_limit = 1,
                              .trials = 3,
                              .threads = 1,
                              .cache_dir = folder,
                              .progress = progress_mode::silent});
    CHECK((kernel.how().origin == kernel_origin::cache) == cached);
    CHECK(kernel.how().outcomes[static_cast<std::size_t>(failure::wrong_answer)] == 0);
    kernel(x, wide, got, got_hashed);
    CHECK(got_hashed == hashed);
    for (std::size_t at = 0; at < got.size(); ++at)
      CHECK(got[at] == doctest::Approx(expected[at]).epsilon(1e-5));
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("calls: the interpreter calls through adapters that keep every type exact") {
  tensor<"L", std::int64_t, 1> L;
  tensor<"l", std::int64_t, 1> l;
  const auto desc =
      describe(op<"i64">(L, l)(l(i) = call<"lathe_test_scrambled", std::int64_t>(L(i))));
  const program of = make_program(desc);
  const auto target = native::host_target();
  const auto compiler = native::jit::create(target.value());
  if (!compiler) {
    MESSAGE("[SKIP] ", std::string(compiler.error().what()));
    return;
  }
  const auto made = called_functions::make(of, *compiler);
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().what()));
  REQUIRE(made->functions().size() == 1);
  CHECK(made->functions()[0].name == "lathe_test_scrambled");
  const external_value argument{0, -12345};
  external_value result;
  made->functions()[0].function(&argument, &result);
  CHECK(result.whole == lathe_test_scrambled(-12345));
  const auto nothing = describe(op<"none">(L, l)(l(i) = L(i) + 1));
  CHECK(called_functions::make(make_program(nothing), *compiler)->functions().empty());
}
