#include <lathe/analysis/describe.hpp>
#include <lathe/analysis/owned_desc.hpp>
#include <lathe/core/random.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/search/loop_features.hpp>
#include <lathe/search/nest_walk.hpp>
#include <lathe/search/program_features.hpp>
#include <lathe/search/random.hpp>
#include <lathe/search/statement_features.hpp>
#include <lathe/space/cpu_space.hpp>

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

namespace {

ir::nest nest_of(const program& source, const char* steps) {
  auto scheduled = apply(source, parse_trace(steps).value());
  REQUIRE(scheduled.has_value());
  auto nest = build(std::move(*scheduled));
  REQUIRE(nest.has_value());
  return std::move(*nest);
}

const program gemm = make_program(describe(ops::gemm(8, 16, 32)));

/// What stands in a column when the quantity is x.
float squeezed(double x) { return static_cast<float>(std::log2(1 + x)); }

}  // namespace

TEST_CASE("features: the walk sees loops, operations and memory of a product") {
  const ir::nest nest = nest_of(gemm, "");
  const sequence<walked_store> stores = stores_of(nest);
  REQUIRE(stores.size() == 2);  // C = 0; C = C + A * B
  const walked_store& sum = stores[1];
  CHECK(sum.executions() == 8 * 16 * 32);
  REQUIRE(sum.loops.size() == 3);
  CHECK_FALSE(sum.loops[0].reduce);
  CHECK_FALSE(sum.loops[1].reduce);
  CHECK(sum.loops[2].reduce);
  CHECK(sum.float_ops[static_cast<std::size_t>(operation::multiply_add)] == 1);
  CHECK(sum.operations() == 2);
  REQUIRE(sum.buffers.size() == 3);  // C, A, B
  const walked_buffer &c = sum.buffers[0], &a = sum.buffers[1], &b = sum.buffers[2];
  CHECK((c.read && c.written));
  CHECK((a.read && !a.written));
  using numbers = sequence<double>;
  CHECK(c.strides == numbers{16, 1, 0});
  CHECK(a.strides == numbers{32, 0, 1});
  CHECK(b.strides == numbers{0, 1, 16});
  CHECK(a.touched == numbers{256, 32, 32, 1});
  CHECK(b.touched == numbers{512, 512, 32, 1});
  CHECK(sum.bytes_touched(nest, 2) == 4 * (1 + 32 + 32));
}

TEST_CASE("features: the 164 numbers of a product's sum") {
  const feature_rows rows = statement_features(nest_of(gemm, ""));
  CHECK(rows.columns == 164);
  REQUIRE(rows.rows() == 2);
  const auto row = rows.row(1);
  CHECK(row[0] == doctest::Approx(squeezed(4096)));  // multiply-adds
  for (std::size_t column = 1; column < 16; ++column) CHECK(row[column] == 0);
  CHECK(row[19] == 1);  // nothing is vectorized
  // The buffer of most bytes is B: read; 16 KB in all, 2 KB of different bytes, each execution in
  // another line than the last, 32 lines.
  CHECK(row[57] == 1);
  CHECK(row[60] == doctest::Approx(squeezed(4096 * 4)));
  CHECK(row[61] == doctest::Approx(squeezed(512 * 4)));
  CHECK(row[62] == doctest::Approx(squeezed(4096)));
  CHECK(row[63] == doctest::Approx(squeezed(32)));
  // Used again by the loop over i, 512 iterations later, when B, 16 sums and a row of A were seen.
  CHECK(row[64] == 1);
  CHECK(row[67] == doctest::Approx(squeezed(16 * 32)));
  CHECK(row[68] == doctest::Approx(squeezed(4 * (512 + 16 + 32))));
  CHECK(row[69] == doctest::Approx(squeezed(8)));
  CHECK(row[70] == doctest::Approx(squeezed(4096 * 4 / 8)));
  CHECK(row[74] == doctest::Approx(squeezed(16)));
  // C is the third buffer, read and written, used again by the innermost loop.
  CHECK(row[57 + 2 * 18 + 2] == 1);
  CHECK(row[57 + 2 * 18 + 10] == doctest::Approx(squeezed(1)));
  CHECK(row[57 + 2 * 18 + 12] == doctest::Approx(squeezed(32)));
  for (std::size_t column = 57 + 3 * 18; column < 147; ++column) CHECK(row[column] == 0);
  // Intensity: 2 operations on 12 bytes inside, 8192 on everything, (128 + 256 + 512) * 4 bytes.
  CHECK(row[147] == doctest::Approx(squeezed(2.0 / 12)));
  CHECK(row[156] == doctest::Approx(squeezed(8192.0 / (896 * 4))));
  CHECK(row[157] == doctest::Approx(squeezed(128 * 4)));
  CHECK(row[161] == doctest::Approx(squeezed(4096)));
  CHECK(row[162] == doctest::Approx(squeezed(3)));
}

TEST_CASE("features: vectorized, unrolled and parallel loops and where they are") {
  const feature_rows rows = statement_features(
      nest_of(gemm,
              "split(C.j -> j0:_, j1:8); split(C.k -> k0:_, k1:4); reorder(C: i j0 k0 k1 j1);"
              "vectorize(C.j1); unroll(C.k1); parallel(C.i)"));
  const auto row = rows.row(rows.rows() - 1);
  CHECK(row[16] == doctest::Approx(squeezed(8)));  // vectors of 8
  CHECK(row[18] == doctest::Approx(squeezed(1)));  // one such loop
  CHECK(row[19 + 1] == 1);                         // innermost spatial
  CHECK(row[27] == doctest::Approx(squeezed(4)));
  CHECK(row[30 + 4] == 1);  // innermost reduce
  CHECK(row[38] == doctest::Approx(squeezed(8)));
  CHECK(row[41 + 3] == 1);  // outermost spatial
  CHECK(row[163] == doctest::Approx(squeezed(4)));
}

TEST_CASE("features: of many stores, those that do most are described") {
  const ir::nest nest =
      nest_of(make_program(describe(ops::gemm(13, 11, 7))),
              "split(C.i -> i0:_, i1:4); split(C.j -> j0:_, j1:4); reorder(C: i0 j0 k i1 j1);"
              "unroll(C.i1); vectorize(C.j1)");
  const sequence<walked_store> all = stores_of(nest);
  const feature_rows rows = statement_features(nest);
  CHECK(rows.rows() == std::min(all.size(), most_statement_rows));
  float most = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) most = std::max(most, rows.row(row)[0]);
  double most_work = 0;
  for (const walked_store& each : all)
    most_work =
        std::max(most_work, each.executions() *
                                each.float_ops[static_cast<std::size_t>(operation::multiply_add)]);
  CHECK(most == doctest::Approx(squeezed(most_work)));
}

TEST_CASE("features: loops and curves have one length for every nest") {
  const ir::nest plain = nest_of(gemm, "");
  const ir::nest tiled = nest_of(gemm, "split(C.j -> j0:_, j1:8); vectorize(C.j1)");
  for (const auto of : {&loop_features, &curve_features}) {
    const feature_rows one = of(plain), other = of(tiled);
    CHECK(one.rows() == 1);
    CHECK(one.columns == one.values.size());
    CHECK(one.columns == other.columns);
    CHECK(!(one.values == other.values));
  }
  const feature_rows loops = loop_features(plain);
  CHECK(loops.values[0] == doctest::Approx(squeezed(32)));    // k: extent
  CHECK(loops.values[2] == doctest::Approx(squeezed(4096)));  // all iterations
  CHECK(loops.values[3] == doctest::Approx(squeezed(32)));    // those of k
  CHECK(loops.values[9] == doctest::Approx(squeezed(32)));    // additions
  CHECK(loops.values[28] == doctest::Approx(squeezed(16)));   // j: extent
}

TEST_CASE("features: curves of two sizes of an operator are near each other") {
  const auto distance = [](const feature_rows& left, const feature_rows& right) {
    double sum = 0;
    for (std::size_t n = 0; n < left.values.size(); ++n)
      sum += std::pow(static_cast<double>(left.values[n]) - right.values[n], 2);
    return std::sqrt(sum);
  };
  const auto of = [](int n, const char* steps) {
    return curve_features(nest_of(make_program(describe(ops::gemm(n, n, n))), steps));
  };
  const char* const tiles =
      "split(C.i -> i0:_, i1:8); split(C.j -> j0:_, j1:8);"
      "reorder(C: i0 j0 k i1 j1)";
  CHECK(distance(of(128, ""), of(192, "")) < distance(of(128, ""), of(128, tiles)));
  CHECK(distance(of(128, tiles), of(192, tiles)) < distance(of(128, ""), of(128, tiles)));
}

TEST_CASE("features: every point of a space has rows, or none if it is illegal") {
  const cpu_space space(gemm, generic_cpu(isa::avx2), {{}, 1});
  random_engine engine(2);
  for (const feature_kind what :
       {feature_kind::statements, feature_kind::loops, feature_kind::curves}) {
    program_features features(gemm, space, {}, what);
    int described = 0;
    for (int n = 0; n < 40; ++n) {
      const point at = random_point(space, engine);
      const feature_rows rows = features.of(at);
      for (const float each : rows.values) CHECK(std::isfinite(each));
      CHECK(features.of(at).values == rows.values);
      described += rows.rows() > 0 ? 1 : 0;
    }
    CHECK(described > 20);
    CHECK(features.size() <= 40);
  }
}
