// tensor: matrix instructions of a warp, in the simulator, whose small whole numbers TF32, f16 and
// bf16 hold exactly.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/target/cuda/emit_cuda.hpp>

#include "cuda/simulator/simulate.hpp"
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace lathe;

namespace {

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

template <class Element>
std::vector<std::byte> bytes_of(const std::vector<Element>& values) {
  std::vector<std::byte> out(values.size() * sizeof(Element));
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

/// A product by two warps of 16 x 16 results each, chunks of 16 terms in two buffers.
template <class Element>
void check_product(int rows, int columns, int depth, int terms, const char* instruction) {
  const auto desc = describe(ops::gemm<Element, Element, float>(rows, columns, depth));
  const std::string steps =
      "pad(C.i, 32); pad(C.j, 16); pad(C.k, 16); split(C.i -> i0:_, it:2, ih:2, ig:8); "
      "split(C.j -> j0:_, jr:2, jq:4, jl:2); split(C.k -> k0:_, k1:" +
      std::to_string(16 / terms) + ", k2:" + std::to_string(terms) +
      "); reorder(C: i0 j0 it ig jq k0 k1 jr k2 ih jl); bind(C.i0, block); bind(C.j0, block); "
      "bind(C.it, thread); bind(C.ig, thread); bind(C.jq, thread); unroll(C.jr); tensor(C.k2); "
      "unroll(C.ih); unroll(C.jl); cache_write(C, register); cache_read(A -> As at C.k0); fuse("
      "As.i, As.k -> f); split(As.f -> f0:_, ft:64); bind(As.ft, thread); buffers(As, 2); "
      "cache_read(B -> Bs at C.k0); fuse(Bs.k, Bs.j -> f); split(Bs.f -> f0:_, ft:64); bind("
      "Bs.ft, thread); buffers(Bs, 2)";
  result<program> scheduled = apply(make_program(desc), parse_trace(steps).value());
  REQUIRE_MESSAGE(scheduled, scheduled.error().what());
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE_MESSAGE(nest, nest.error().what());
  const result<cuda_source> source = emit_cuda(*nest);
  REQUIRE_MESSAGE(source, source.error().what());
  CHECK(has(source->text, instruction));
  CHECK(!has(source->text, "for (int k2"));

  const auto a = [](int i, int k) { return static_cast<float>((3 * i + 5 * k) % 7 - 3); };
  const auto b = [](int k, int j) { return static_cast<float>((2 * k + 3 * j) % 5 - 2); };
  std::vector<Element> left, right;
  std::vector<float> expected;
  for (int i = 0; i < rows; ++i)
    for (int k = 0; k < depth; ++k) left.push_back(Element(a(i, k)));
  for (int k = 0; k < depth; ++k)
    for (int j = 0; j < columns; ++j) right.push_back(Element(b(k, j)));
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) {
      float sum = 0;
      for (int k = 0; k < depth; ++k) sum += a(i, k) * b(k, j);
      expected.push_back(sum);
    }
  std::vector<std::vector<std::byte>> arguments{
      bytes_of(left), bytes_of(right), std::vector<std::byte>(expected.size() * sizeof(float))};
  const std::vector<std::span<std::byte>> given(arguments.begin(), arguments.end());
  const auto report = cuda_simulator::simulate(*source, given);
  REQUIRE_MESSAGE(report.ok(), report.problem << "\n" << source->text);
  CHECK(arguments[2] == bytes_of(expected));
}

}  // namespace

TEST_CASE("tensor: f32 as TF32") {
  check_product<float>(32, 32, 32, 8, "lathe_mma_m16n8k8_tf32(");
  check_product<float>(37, 21, 19, 8, "lathe_mma_m16n8k8_tf32(");
}

TEST_CASE("tensor: bf16") {
  check_product<bf16>(32, 16, 48, 16, "lathe_mma_m16n8k16_bf16(");
  check_product<bf16>(33, 30, 17, 16, "lathe_mma_m16n8k16_bf16(");
}

TEST_CASE("tensor: f16") {
  check_product<f16>(32, 16, 48, 16, "lathe_mma_m16n8k16_f16(");
  check_product<f16>(33, 30, 17, 16, "lathe_mma_m16n8k16_f16(");
}

TEST_CASE("tensor: another form is straight code") {
  const auto desc = describe(ops::gemm(16, 8, 8));
  result<program> scheduled = apply(
      make_program(desc), parse_trace("tensor(C.k); cache_write(C, register); bind(C.i, block); "
                                      "bind(C.j, thread)")
                              .value());
  REQUIRE_MESSAGE(scheduled, scheduled.error().what());
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE_MESSAGE(nest, nest.error().what());
  const result<cuda_source> source = emit_cuda(*nest);
  REQUIRE(source);
  CHECK(!has(source->text, "mma"));
  CHECK(has(source->text, "#pragma unroll\n"));
}
