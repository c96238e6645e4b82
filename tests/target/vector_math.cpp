#include <lathe/target/cpu/mvec_api.hpp>
#include <lathe/target/cpu/vector_math.hpp>

#include "host_jit.hpp"
#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace lathe;

namespace {

constexpr opcode functions[] = {opcode::exp, opcode::log, opcode::tanh, opcode::erf,
                                opcode::sin, opcode::cos, opcode::pow};

double exact(opcode fn, double x, double y) {
  const auto wide = static_cast<long double>(x);
  long double value = 0;
  switch (fn) {
    case opcode::exp: value = std::exp(wide); break;
    case opcode::log: value = std::log(wide); break;
    case opcode::tanh: value = std::tanh(wide); break;
    case opcode::erf: value = std::erf(wide); break;
    case opcode::sin: value = std::sin(wide); break;
    case opcode::cos: value = std::cos(wide); break;
    default: value = std::pow(wide, static_cast<long double>(y)); break;
  }
  return static_cast<double>(value);
}

/// Distance in units of the last place of `right`.
template <class Float>
double ulps(Float value, double right) {
  const auto rounded = static_cast<Float>(right);
  const Float next = std::nextafter(std::fabs(rounded), static_cast<Float>(INFINITY));
  return std::fabs(static_cast<double>(value) - right) /
         static_cast<double>(next - std::fabs(rounded));
}

/// A function `void apply(ptr out, ptr x, ptr y)` that calls the library function on one vector.
std::string caller(opcode fn, dtype type, int lanes, const std::string& symbol) {
  const std::string vec =
      "<" + std::to_string(lanes) + " x " + (type == dtype::f32 ? "float" : "double") + ">";
  const bool two = fn == opcode::pow;
  return "declare " + vec + " @" + symbol + "(" + vec + (two ? ", " + vec : "") + ")\n" +
         "define void @apply(ptr %out, ptr %x, ptr %y) {\n  %vx = load " + vec +
         ", ptr %x, align 4\n  %vy = load " + vec + ", ptr %y, align 4\n  %r = call " + vec + " @" +
         symbol + "(" + vec + " %vx" + (two ? ", " + vec + " %vy" : "") + ")\n  store " + vec +
         " %r, ptr %out, align 4\n  ret void\n}\n";
}

template <class Float>
void check_accuracy(isa set) {
  const auto compiler = test::host_jit(set);
  const auto target = native::host_target(set);
  if (!compiler) return;
  const dtype type = dtype_of<Float>;
  const int lanes = target->lanes(sizeof(Float));
  for (const opcode fn : functions) {
    const std::string symbol = native::vector_math_symbol(fn, lanes, type, *target);
    if (symbol.empty()) {
      MESSAGE("[SKIP] libmvec has no vector form of ", native::scalar_math_symbol(fn, type));
      continue;
    }
    CAPTURE(symbol);
    const auto object = test::load(*compiler, caller(fn, type, lanes, symbol));
    auto* apply = test::function<void(Float*, const Float*, const Float*)>(object, "apply");
    std::vector<Float> x(lanes), y(lanes), out(lanes);
    double worst = 0;
    for (int n = 0; n < 2000; n += lanes) {
      for (int lane = 0; lane < lanes; ++lane) {
        x[lane] = static_cast<Float>(0.001 + 0.004 * (n + lane));
        y[lane] = static_cast<Float>(1.5 - 0.001 * (n + lane));
      }
      apply(out.data(), x.data(), y.data());
      for (int lane = 0; lane < lanes; ++lane)
        worst = std::max(worst, ulps(out[lane], exact(fn, x[lane], y[lane])));
    }
    CHECK(worst <= native::max_ulps(fn, true));
    CHECK(worst > 0);
  }
}

}  // namespace

TEST_CASE("vector_math: names follow the vector function ABI") {
  const cpu_target cpu = generic_cpu(isa::avx512);
  CHECK(native::vector_math_symbol(opcode::exp, 16, dtype::f32, cpu) == "_ZGVeN16v_expf");
  CHECK(native::vector_math_symbol(opcode::exp, 8, dtype::f32, cpu) == "_ZGVdN8v_expf");
  CHECK(native::vector_math_symbol(opcode::exp, 4, dtype::f32, cpu) == "_ZGVbN4v_expf");
  CHECK(native::vector_math_symbol(opcode::tanh, 8, dtype::f64, cpu) == "_ZGVeN8v_tanh");
  CHECK(native::vector_math_symbol(opcode::pow, 4, dtype::f64, cpu) == "_ZGVdN4vv_pow");
  CHECK(native::scalar_math_symbol(opcode::erf, dtype::f32) == "erff");
}

TEST_CASE("vector_math: no name where libmvec has no function") {
  cpu_target cpu = generic_cpu(isa::avx2);
  CHECK(native::vector_math_symbol(opcode::exp, 16, dtype::f32, cpu).empty());
  CHECK(native::vector_math_symbol(opcode::exp, 2, dtype::f32, cpu).empty());
  CHECK(native::vector_math_symbol(opcode::exp, 1, dtype::f32, cpu).empty());
  CHECK(native::vector_math_symbol(opcode::sqrt, 8, dtype::f32, cpu).empty());
  CHECK(native::vector_math_symbol(opcode::exp, 8, dtype::i32, cpu).empty());
  cpu.math = vector_math::glibc_2_22;
  CHECK(native::vector_math_symbol(opcode::tanh, 8, dtype::f32, cpu).empty());
  CHECK_FALSE(native::vector_math_symbol(opcode::exp, 8, dtype::f32, cpu).empty());
  cpu.math = vector_math::none;
  CHECK(native::vector_math_symbol(opcode::exp, 8, dtype::f32, cpu).empty());
  CHECK(native::max_ulps(opcode::sqrt, true) == 0);
}

TEST_CASE("vector_math: every name for this machine is in its libmvec") {
  cpu_target cpu = generic_cpu(isa::avx512);
  cpu.math = native::mvec_version();
  if (cpu.math == vector_math::none) {
    MESSAGE("[SKIP] no libmvec.so.1");
    return;
  }
  for (const opcode fn : functions)
    for (const dtype type : {dtype::f32, dtype::f64})
      for (int bytes = 16; bytes <= 64; bytes *= 2) {
        const auto name = native::vector_math_symbol(fn, bytes / size_of(type), type, cpu);
        if (!name.empty()) CHECK_MESSAGE(native::mvec_symbol(name.c_str()) != nullptr, name);
      }
  CHECK(native::mvec_symbol("_ZGVbN4v_no_such_function") == nullptr);
}

TEST_CASE("vector_math: generated code calls libmvec within the promised error") {
  for (const isa set : test::executable_isas()) {
    CAPTURE(name_of(set));
    check_accuracy<float>(set);
    check_accuracy<double>(set);
  }
}
