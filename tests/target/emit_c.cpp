// Emitted C: compiled by every C compiler found, with warnings as errors, loaded, and compared
// bitwise with the interpreter on small integers.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/interpret.hpp>
#include <lathe/lower/plan_of.hpp>
#include <lathe/lower/verify.hpp>
#include <lathe/target/c/c_text.hpp>
#include <lathe/target/c/emit_c.hpp>

#include "../lower/nests.hpp"
#include "half_numbers.hpp"
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace lathe;
using enum ir::loop_kind;

namespace {

/// Compiles a translation unit and keeps it loaded.
class loaded_c {
 public:
  loaded_c(const std::string& compiler, const std::string& source) {
    const auto pattern = std::filesystem::temp_directory_path() / "lathe_emit_c_XXXXXX";
    std::string made = pattern.string();
    REQUIRE(mkdtemp(made.data()) != nullptr);
    folder_ = made;
    std::ofstream(folder_ / "k.c") << source;
    const std::string base = (folder_ / "k").string();
    const std::string command = compiler +
                                " -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -fPIC -shared -o " +
                                base + ".so " + base + ".c -lm > " + base + ".log 2>&1";
    const bool compiled = std::system(command.c_str()) == 0;
    std::ifstream log(folder_ / "k.log");
    const std::string messages{std::istreambuf_iterator<char>(log), {}};
    INFO(source);
    INFO(messages);
    REQUIRE(compiled);
    library_ = dlopen((base + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library_ != nullptr);
  }
  ~loaded_c() {
    if (library_ != nullptr) dlclose(library_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  loaded_c(const loaded_c&) = delete;
  loaded_c& operator=(const loaded_c&) = delete;

  template <class Function>
  Function find(const std::string& name) const {
    void* const found = dlsym(library_, name.c_str());
    REQUIRE(found != nullptr);
    return reinterpret_cast<Function>(found);
  }

 private:
  std::filesystem::path folder_;
  void* library_ = nullptr;
};

std::vector<std::string> compilers() {
  std::vector<std::string> out;
  for (const char* name : {"gcc", "clang-19", "clang"})
    if (std::system((std::string("command -v ") + name + " > /dev/null").c_str()) == 0)
      out.push_back(name);
  return out;
}

/// Small non-zero integers as elements of `type`.
std::vector<std::byte> sample(dtype type, std::int64_t elements) {
  std::vector<std::byte> out(static_cast<std::size_t>(elements * size_of(type)));
  for (std::int64_t at = 0; at < elements; ++at) {
    const int value = static_cast<int>(at * 7 % 5) + 1;
    const auto put = [&](auto element) {
      std::memcpy(out.data() + static_cast<std::size_t>(at) * sizeof element, &element,
                  sizeof element);
    };
    switch (type) {
      case dtype::boolean: put(value % 2 != 0); break;
      case dtype::f32: put(static_cast<float>(value - 3)); break;
      case dtype::f64: put(static_cast<double>(value - 3)); break;
      case dtype::i8: put(static_cast<std::int8_t>(value * 25 - 60)); break;
      case dtype::i32: put(static_cast<std::int32_t>(value)); break;
      case dtype::i64: put(static_cast<std::int64_t>(value)); break;
      default: put(static_cast<std::uint8_t>(value * 40)); break;
    }
  }
  return out;
}

/// Runs the phases through the table of the plan, tasks of parallel phases in two ranges, last
/// first.
void run_phases(const ir::nest& nest, const loaded_c& code,
                std::vector<std::vector<std::byte>>& memory) {
  const kernel_plan plan = plan_of(nest);
  std::vector<void*> table;
  for (std::vector<std::byte>& each : memory) table.push_back(each.data());
  std::vector<std::byte> block(static_cast<std::size_t>(plan.scratch_bytes + buffer_alignment));
  void* scratch = block.data();
  std::size_t space = block.size();
  scratch = std::align(static_cast<std::size_t>(buffer_alignment),
                       static_cast<std::size_t>(plan.scratch_bytes), scratch, space);
  for (const plan_phase& phase : plan.phases) {
    const auto function = code.find<phase_function>(phase.symbol);
    const std::int64_t middle = phase.parallel ? phase.tasks / 2 : 0;
    function(table.data(), scratch, middle, phase.tasks);
    if (phase.parallel) function(table.data(), scratch, 0, middle);
  }
}

/// The nest is sound, and every compiler's code writes the outputs that the interpreter computes.
void check_against_interpreter(const ir::nest& nest) {
  REQUIRE(verify(nest) == "");
  std::vector<std::vector<std::byte>> memory;
  std::vector<std::span<const std::byte>> inputs;
  for (const plan_buffer& each : plan_of(nest).buffers)
    memory.push_back(
        each.param && !each.output
            ? sample(each.type, each.elements)
            : std::vector<std::byte>(static_cast<std::size_t>(each.bytes()), std::byte{0xff}));
  for (int param = 0; param < nest.param_count; ++param)
    inputs.push_back(memory[static_cast<std::size_t>(param)]);
  const interpretation wanted = interpret(nest, inputs);
  REQUIRE(wanted.error == "");
  const std::string source = emit_c(nest);
  for (const std::string& compiler : compilers()) {
    CAPTURE(compiler);
    CAPTURE(source);
    const loaded_c code(compiler, source);
    std::vector<std::vector<std::byte>> got = memory;
    run_phases(nest, code, got);
    std::size_t output = 0;
    for (std::size_t at = 0; at < nest.buffers.size(); ++at)
      if (nest.buffers[at].output) CHECK(got[at] == to_elements(wanted.outputs[output++]));
  }
}

/// Conversions have the bits of the type's own.
template <class Half>
void check_conversions() {
  const result<ir::nest> nest =
      build(make_program(describe(test_numbers::half_numbers<Half>::conversions())));
  REQUIRE(nest);
  for (const std::string& compiler : compilers()) {
    CAPTURE(compiler);
    const loaded_c code(compiler, emit_c(*nest));
    test_numbers::half_numbers<Half> numbers;
    const auto [x, f, y, z] = numbers.arguments();
    code.find<void (*)(void*, void*, void*, void*)>("converted")(x, f, y, z);
    CHECK(numbers.wrong() == 0);
  }
}

}  // namespace

TEST_CASE("emit_c: f16 and bf16, denormals and NaN included") {
  check_conversions<f16>();
  check_conversions<bf16>();
}

TEST_CASE("emit_c: packed gemm with register tile, tails and parallel rows in every type") {
  for (const dtype type : {dtype::f32, dtype::f64, dtype::i32, dtype::i64})
    check_against_interpreter(test::tiled_gemm(7, 8, 5, type));
}

TEST_CASE("emit_c: golden text") {
  test::nest_maker to;
  to.nest.name = "double";  // a keyword, as are some of the names below
  const auto a = to.input("my A", dtype::f32, 8), c = to.output("for", dtype::f32, 8);
  const auto t = to.buffer("t", dtype::f32, 4, ir::scope::scratch);
  const auto i = to.variable("i", 2), j = to.variable("begin", 4), k = to.variable("k", 4);
  const auto at = to.add(to.scale(i, 4), j);
  const auto value = to.binary(opcode::max, to.load(a, at), to.number(dtype::f32, 0.5));
  const auto square = to.binary(opcode::mul, value, value);
  to.phase(
      to.loop(parallel, i,
              {to.loop(vectorized, j, {to.store(t, j, square)}),
               to.loop(unrolled, k, {to.store(c, to.add(to.scale(i, 4), k), to.load(t, k))})}));
  CHECK(emit_c(to.nest) == R"(#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__GNUC__) && !defined(__clang__)
#define PRAGMA(text) _Pragma(#text)
#define UNROLL(count) PRAGMA(GCC unroll count)
#define INDEPENDENT PRAGMA(GCC ivdep)
#else
#define UNROLL(count)
#define INDEPENDENT
#endif

static inline float max_f32(float a, float b) { return a > b ? a : b; }

// 2 tasks: any ranges [begin, end) at the same time.
void phase0(void* const* buffers, void* scratch, int64_t begin, int64_t end) {
  const float* restrict my_A = buffers[0];
  float* restrict for_ = buffers[1];
  float* restrict t = (float*)((char*)scratch + 0);
  for (int64_t i = begin; i < end; ++i) {
    INDEPENDENT
    for (int64_t begin_ = 0; begin_ < 4; ++begin_) {
      const float t0 = max_f32(my_A[i*4 + begin_], 0.5f);
      t[begin_] = t0 * t0;
    }
    UNROLL(4)
    for (int64_t k = 0; k < 4; ++k) {
      for_[i*4 + k] = t[k];
    }
  }
}

void double_(const float* my_A, float* for_) {
  void* scratch = aligned_alloc(64, 64);
  if (scratch == NULL) abort();
  void* const buffers[] = {(void*)my_A, for_};
  phase0(buffers, scratch, 0, 2);
  free(scratch);
}
)");
  check_against_interpreter(to.nest);
}

TEST_CASE("emit_c: guarded select, gather, floor division of negative values, short loops") {
  test::nest_maker to;
  to.nest.name = "mixed";
  const auto x = to.input("X", dtype::f32, 8), s = to.input("S", dtype::i32, 8);
  const auto c = to.output("C", dtype::f32, 12);
  const auto i = to.variable("i", 4), j = to.variable("j", 3);
  const auto flat = to.add(to.scale(i, 3), j);
  const auto low = to.add(flat, to.constant(-3));
  const auto inside =
      to.binary(opcode::logical_and, to.binary(opcode::greater_equal, low, to.constant(0)),
                to.binary(opcode::less, low, to.constant(8)));
  const auto gathered = to.load(x, to.x().cast(dtype::i64, to.load(s, low)));
  const auto halves =
      to.x().cast(dtype::f32, to.add(to.x().floor_div(low, 2), to.x().floor_mod(low, 5)));
  const auto value = to.x().select(inside, to.binary(opcode::mul, gathered, halves), halves);
  const auto left = to.add(to.constant(11), to.scale(i, -3));
  const auto count = to.binary(opcode::min, left, to.constant(3));  // the last row has two columns
  const auto last = to.binary(opcode::equal, i, to.constant(3));
  to.phase(to.loop(serial, i,
                   {to.loop(vectorized, j, count, {to.store(c, flat, value)}),
                    to.branch(last, {to.store(c, to.constant(11), to.number(dtype::f32, -1))})}));
  check_against_interpreter(to.nest);
}

TEST_CASE("emit_c: small integers wrap, quotients round towards zero, i8 accumulates in i32") {
  test::nest_maker to;
  to.nest.name = "narrow";
  const auto a = to.input("A", dtype::i8, 5), b = to.input("B", dtype::u8, 5);
  const auto c = to.output("C", dtype::i8, 5), d = to.output("D", dtype::u8, 5),
             e = to.output("E", dtype::i32, 5);
  const auto i = to.variable("i", 5);
  const auto x = to.load(a, i), y = to.load(b, i);
  const auto op = [&](opcode fn, ir::expr l, ir::expr r) { return to.binary(fn, l, r); };
  const auto wide = to.x().cast(dtype::i32, x), bytes = to.x().cast(dtype::i32, y);
  const auto quotient = op(opcode::div, wide, to.number(dtype::i32, 7));
  const auto rest = op(opcode::mod, wide, to.number(dtype::i32, 7));
  to.phase(to.loop(
      serial, i,
      {to.store(
           c, i,
           op(opcode::max, op(opcode::add, op(opcode::mul, x, x), x), to.unary(opcode::neg, x))),
       to.store(d, i, op(opcode::sub, op(opcode::add, y, y), to.x().cast(dtype::u8, x))),
       to.store(e, i,
                op(opcode::sub, op(opcode::mul, to.unary(opcode::abs, wide), bytes),
                   op(opcode::sub, quotient, rest)))}));
  check_against_interpreter(to.nest);
}

TEST_CASE(
    "emit_c: conditions, booleans, extreme constants and prefetches compile without warnings") {
  test::nest_maker to;
  to.nest.name = "logic";
  const auto a = to.input("A", dtype::f64, 6);
  const auto c = to.output("C", dtype::boolean, 6), d = to.output("D", dtype::i64, 6);
  const auto i = to.variable("i", 6);
  const auto x = to.load(a, i);
  const auto f = [&](double value) { return to.number(dtype::f64, value); };
  const auto positive = to.binary(opcode::greater, x, f(0)),
             small = to.binary(opcode::less_equal, x, f(-1));
  const auto odd = to.binary(opcode::equal, to.x().floor_mod(i, 2), to.constant(1));
  const auto both = to.binary(opcode::logical_and, positive, odd);
  const auto any =
      to.binary(opcode::logical_or, both,
                to.binary(opcode::logical_and, to.unary(opcode::logical_not, odd), small));
  const auto bounded = to.binary(opcode::less, x, f(HUGE_VAL));
  const auto picked = to.x().select(positive, to.constant(3), to.constant(INT64_MIN));
  to.phase(to.loop(serial, i,
                   {to.prefetch(a, to.add(i, to.constant(4))),
                    to.store(c, i, to.binary(opcode::logical_and, any, bounded)),
                    to.store(d, i, to.x().select(any, picked, to.add(i, to.constant(1))))}));
  check_against_interpreter(to.nest);
}

TEST_CASE("emit_c: division by zero, never reached, compiles without warnings") {
  test::nest_maker to;
  to.nest.name = "unreached";
  const auto a = to.input("A", dtype::u8, 5);
  const auto c = to.output("C", dtype::u8, 5), d = to.output("D", dtype::u8, 5);
  const auto i = to.variable("i", 5);
  const auto x = to.load(a, i), zero = to.x().cast(dtype::u8, to.constant(0));
  const auto product = to.binary(opcode::mul, zero, to.number(dtype::u8, 1));
  const auto never = to.binary(opcode::greater, zero, to.number(dtype::u8, 0));
  const auto unless = [&](ir::expr divisor) {
    return to.x().select(never, to.binary(opcode::mod, x, divisor), x);
  };
  to.phase(to.loop(serial, i, {to.store(c, i, unless(zero)), to.store(d, i, unless(product))}));
  check_against_interpreter(to.nest);
}

TEST_CASE("emit_c: comparisons that a type decides compile without warnings") {
  constexpr opcode comparisons[] = {opcode::less,          opcode::less_equal, opcode::greater,
                                    opcode::greater_equal, opcode::equal,      opcode::not_equal};
  for (const dtype type :
       {dtype::u8, dtype::i8, dtype::i32, dtype::boolean, dtype::i64, dtype::f32}) {
    CAPTURE(std::string(name_of(type)));
    test::nest_maker to;
    to.nest.name = "decided";
    const auto a = to.input("A", type, 5);
    const auto c = to.output("C", dtype::u8, 5 * 64), d = to.output("D", type, 5);
    const auto i = to.variable("i", 5);
    const auto x = to.load(a, i);
    std::vector<ir::stmt> stores;
    std::int64_t row = 0;
    const auto put = [&](ir::expr condition) {
      stores.push_back(
          to.store(c, to.add(i, to.constant(5 * row++)),
                   to.x().select(condition, to.number(dtype::u8, 3), to.number(dtype::u8, 1))));
    };
    const auto whole = [&](std::int64_t value) {
      return type == dtype::i64 ? to.constant(value) : to.x().literal(type, value, 0);
    };
    const std::int64_t lowest = type == dtype::i8    ? INT8_MIN
                                : type == dtype::i32 ? INT32_MIN
                                : type == dtype::i64 ? INT64_MIN
                                                     : 0;
    const std::int64_t highest = type == dtype::u8    ? UINT8_MAX
                                 : type == dtype::i8  ? INT8_MAX
                                 : type == dtype::i32 ? INT32_MAX
                                 : type == dtype::i64 ? INT64_MAX
                                                      : 1;
    for (const opcode fn : comparisons) {
      put(to.binary(fn, x, x));
      if (is_float(type)) continue;
      for (const std::int64_t bound : {lowest, highest}) {
        put(to.binary(fn, x, whole(bound)));
        put(to.binary(fn, whole(bound), x));
      }
      if (type == dtype::boolean) continue;
      put(to.binary(fn, to.binary(opcode::max, x, whole(2)), whole(lowest)));
      if (type == dtype::u8 || type == dtype::i8)
        put(to.binary(fn, to.binary(opcode::add, x, x), whole(highest)));
    }
    if (type == dtype::u8 || type == dtype::i32)
      for (const opcode fn : {opcode::div, opcode::mod})  // in a branch that is never taken
        put(to.x().select(to.binary(opcode::less, whole(0), whole(0)),
                          to.binary(opcode::equal, to.binary(fn, x, whole(0)), x),
                          to.binary(opcode::equal, x, x)));
    while (row < 64) put(to.binary(opcode::equal, i, to.constant(row % 5)));
    stores.push_back(to.store(d, i, type == dtype::boolean ? x : to.unary(opcode::abs, x)));
    to.phase(to.loop(serial, i, std::move(stores)));
    check_against_interpreter(to.nest);
  }
}

TEST_CASE("emit_c: math functions are within an ulp or two of the interpreter") {
  test::nest_maker to;
  to.nest.name = "math";
  const auto a = to.input("A", dtype::f32, 4);
  const auto c = to.output("C", dtype::f32, 40);
  const auto i = to.variable("i", 4);
  const auto x = to.unary(opcode::abs, to.load(a, i));
  std::vector<ir::stmt> stores;
  std::int64_t row = 0;
  const auto put = [&](ir::expr value) {
    stores.push_back(to.store(c, to.add(i, to.constant(4 * row++)), value));
  };
  const auto one = to.number(dtype::f32, 1);
  for (const opcode fn : {opcode::exp, opcode::sqrt, opcode::tanh, opcode::erf, opcode::sin,
                          opcode::cos, opcode::floor})
    put(to.unary(fn, x));
  put(to.unary(opcode::log, to.binary(opcode::add, x, one)));
  put(to.binary(opcode::pow, to.binary(opcode::add, x, one), to.number(dtype::f32, 1.5)));
  put(to.binary(opcode::div, one, to.binary(opcode::add, x, one)));
  to.phase(to.loop(serial, i, std::move(stores)));
  REQUIRE(verify(to.nest) == "");
  std::vector<std::vector<std::byte>> memory{sample(dtype::f32, 4), std::vector<std::byte>(160)};
  const std::vector<std::span<const std::byte>> inputs{memory[0], {}};
  const interpretation wanted = interpret(to.nest, inputs);
  REQUIRE(wanted.error == "");
  for (const std::string& compiler : compilers()) {
    const loaded_c code(compiler, emit_c(to.nest));
    run_phases(to.nest, code, memory);
    for (std::size_t at = 0; at < 40; ++at) {
      float got = 0;
      std::memcpy(&got, memory[1].data() + 4 * at, 4);
      CHECK(got == doctest::Approx(wanted.outputs[0].value[at]).epsilon(4e-7));
    }
  }
}

TEST_CASE("emit_c: the driver takes the operator's arguments, scalars by value") {
  test::nest_maker to;
  to.nest.name = "axpy";
  const auto x = to.input("x", dtype::f32, 4), alpha = to.input("alpha", dtype::f32, 1);
  const auto y = to.output("y", dtype::f32, 4);
  const auto w = to.buffer("w", dtype::f32, 4, ir::scope::workspace);
  to.nest.buffers[static_cast<std::size_t>(alpha)].scalar = true;
  const auto i = to.variable("i", 4), j = to.variable("i", 4);
  to.phase(to.loop(
      parallel, i,
      {to.store(w, i, to.binary(opcode::mul, to.load(alpha, to.constant(0)), to.load(x, i)))}));
  to.phase(
      to.loop(serial, j, {to.store(y, j, to.binary(opcode::add, to.load(w, j), to.load(x, j)))}));
  REQUIRE(verify(to.nest) == "");
  REQUIRE(c_driver_name(to.nest) == "axpy");
  for (const std::string& compiler : compilers()) {
    const loaded_c code(compiler, emit_c(to.nest, {.prefix = "axpy_"}));
    const float from[] = {1, 2, 3, 4};
    float into[4] = {};
    code.find<void (*)(const float*, float, float*)>("axpy")(from, 2, into);
    CHECK(std::vector<float>(into, into + 4) == std::vector<float>{3, 6, 9, 12});
    code.find<phase_function>("axpy_phase1");
  }
}

TEST_CASE("emit_c: names cannot inject source") {
  c_identifiers names;
  CHECK(names.make("A") == "A");
  CHECK(names.make("A") == "A_");
  CHECK(names.make("A") == "A_2");
  CHECK(names.make("x); abort(); //") == "x_abort_");
  CHECK(names.make("1st") == "v1st");
  CHECK(names.make("__x") == "v_x");
  CHECK(names.make("while") == "while_");
  CHECK(names.make("while") == "while_2");
  CHECK(names.make("") == "v");
}
