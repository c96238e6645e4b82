#include <lathe/target/cuda/cubin.hpp>
#include <lathe/target/cuda/nvrtc.hpp>

#include "host_nvrtc.hpp"
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace lathe;

namespace {

/// y[i] = a x[i] + y[i], with a name of its own.
std::string axpy(const std::string& name) {
  return "extern \"C\" __global__ void " + name +
         "(float* y, const float* x, float a) {\n"
         "  y[threadIdx.x] = a * x[threadIdx.x] + y[threadIdx.x];\n"
         "}\n";
}

}  // namespace

TEST_CASE("nvrtc: a text becomes a cubin, or PTX") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  CHECK(compiler->fingerprint().starts_with("nvrtc "));
  const auto code = test::compiled_by(*compiler, axpy("one"));
  CHECK(code.form == gpu::code_form::cubin);
  const auto kernels = gpu::read_cubin(code.bytes);
  REQUIRE(kernels.has_value());
  CHECK(kernels->front().symbol == "one");

  gpu::nvrtc_options options;
  options.form = gpu::code_form::ptx;
  const auto ptx = compiler->compile(axpy("one"), options);
  REQUIRE(ptx.has_value());
  const std::string text(reinterpret_cast<const char*>(ptx->bytes.data()));
  CHECK(text.size() + 1 == ptx->bytes.size());
  CHECK(text.find(".target sm_90") != std::string::npos);
  CHECK(text.find(".entry one") != std::string::npos);
}

TEST_CASE("nvrtc: contraction can be forbidden") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  for (const bool contract : {true, false}) {
    gpu::nvrtc_options options;
    options.contract = contract;
    const auto code = compiler->compile(axpy("one"), options);
    REQUIRE(code.has_value());
    const auto kernels = gpu::read_cubin(code->bytes);
    REQUIRE(kernels.has_value());
    CHECK(kernels->front().mix.f32_multiply_add == (contract ? 1 : 0));
  }
}

TEST_CASE("nvrtc: a text with mistakes is LATHE-E335 with the compiler's messages") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  const auto code = compiler->compile("extern \"C\" __global__ void k() { undeclared(); }", {});
  REQUIRE_FALSE(code.has_value());
  CHECK(code.error().id() == "LATHE-E335");
  CHECK(code.error().text().find("undeclared") != std::string::npos);
}

TEST_CASE("nvrtc: an unknown architecture is LATHE-E336 and lists those known") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  gpu::nvrtc_options options;
  options.architecture = "sm_19";
  const auto code = compiler->compile(axpy("one"), options);
  REQUIRE_FALSE(code.has_value());
  CHECK(code.error().id() == "LATHE-E336");
  CHECK(code.error().text().find("sm_90") != std::string::npos);
}

TEST_CASE("nvrtc: devices get a cubin of their own, or PTX of the nearest older one") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  auto device = gpu::known_device("A100").value();
  auto options = compiler->options_for(device);
  REQUIRE(options.has_value());
  CHECK(options->architecture == "sm_80");
  CHECK(options->form == gpu::code_form::cubin);
  device.compute_minor = 1;  // there is none: newer than what the compiler knows of 8.0
  options = compiler->options_for(device);
  REQUIRE(options.has_value());
  CHECK(options->architecture == "sm_80");
  CHECK(options->form == gpu::code_form::ptx);
  device.compute_major = 2;
  CHECK(compiler->options_for(device).error().id() == "LATHE-E336");
}

TEST_CASE("nvrtc: many texts at once come back in order, failures among them") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  std::vector<std::string> texts;
  for (int n = 0; n < 12; ++n) texts.push_back(n == 5 ? "?" : axpy("k" + std::to_string(n)));
  const auto made = compiler->compile_all(texts, {}, 3);
  REQUIRE(made.size() == texts.size());
  for (std::size_t n = 0; n < texts.size(); ++n) {
    CAPTURE(n);
    CHECK(made[n].has_value() == (n != 5));
    if (!made[n]) continue;
    CHECK(gpu::read_cubin(made[n]->bytes).value().front().symbol == "k" + std::to_string(n));
  }
}
