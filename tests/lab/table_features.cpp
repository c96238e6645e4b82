#include "table_features.hpp"

#include <lathe/analysis/describe.hpp>
#include <lathe/analysis/owned_desc.hpp>
#include <lathe/core/target.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/search/statement_features.hpp>

#include <doctest/doctest.h>
#include <stdexcept>

using namespace lathe;

TEST_CASE("table_features: those of the recorded space, or a refusal") {
  const auto gemm = describe(ops::gemm(24, 32, 16));
  tuning_request request;
  request.target = generic_cpu(isa::avx2);
  const std::vector<lab::variation> variations{{"rows", 3}, {"vectors", 2}};
  const cpu_space space(make_program(gemm), request.target, {{}, 1});
  const lab::restriction part(space, variations);
  recorded_table table;
  table.title = "gemm";
  table.sites = part.sites();
  lab::table_features features(gemm, request, variations, table, feature_kind::statements);
  program_features live(make_program(gemm), space, {}, feature_kind::statements);
  point first{sequence<std::int32_t>(table.sites.size())}, last = first;
  for (std::size_t at = 0; at < table.sites.size(); ++at)
    last.choices[at] = table.sites[at].choices - 1;
  for (const point& each : {first, last}) {
    const feature_rows rows = features.of(each);
    CHECK(rows.rows() > 0);
    CHECK(rows.columns == statement_feature_count);
    CHECK(rows.values == live.of(part.in_whole(each)).values);
  }
  CHECK(!(features.of(first).values == live.of(part.in_whole(last)).values));
  table.sites.pop_back();
  CHECK_THROWS_AS(lab::table_features(gemm, request, variations, table, feature_kind::statements),
                  std::runtime_error);
}
