// From a description to stages with default loops.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/ops/linear_algebra.hpp>

#include <doctest/doctest.h>

using namespace lathe;

namespace {

std::string stored_value(const program& of, std::size_t stage) {
  return to_text(of.exprs, of.stages[stage].body);
}

}  // namespace

TEST_CASE("a reduction becomes one stage with its axes as loops") {
  const program made = make_program(describe(ops::gemm(6, 5, 4)));
  REQUIRE(made.stages.size() == 1);
  const program_stage& stage = made.stages[0];
  CHECK(stage.name == "C");
  CHECK(stage.spatial == 2);
  CHECK(stage.reduction);
  REQUIRE(stage.loops.size() == 3);
  CHECK(stage.loops[2].name == "k");
  CHECK(stage.dims[2].reduce);
  CHECK(stage.find_loop("j") == 1);
  CHECK(stage.find_loop("x") == -1);
  CHECK(accumulation_start(stage) == 2);
  CHECK(made.stores_plain_result(stage));
  CHECK(made.find_stage("C") == 0);
  CHECK(made.find_stage("A") == -1);
  CHECK(made.readers(made.find_tensor("A")) == lathe::sequence<int>{0});
}

TEST_CASE("several reductions of one statement become stages of their own") {
  axis<"i"> i{4};
  axis<"k"> k{3};
  tensor<"A", float, 2> A;
  tensor<"Y", float, 1> Y;
  const auto spread = op<"spread">(A, Y)(Y(i) = max(k)(A(i, k)) - min(k)(A(i, k)));
  const program made = make_program(describe(spread));
  REQUIRE(made.stages.size() == 3);
  CHECK(made.stages[0].name == "Y_r0");
  CHECK(made.stages[1].name == "Y_r1");
  CHECK_FALSE(made.stages[2].reduction);
  CHECK(made.tensors[static_cast<std::size_t>(made.stages[0].tensor)].shape ==
        lathe::sequence<std::int64_t>{4});
  CHECK(made.readers(made.stages[0].tensor) == lathe::sequence<int>{2});
}

TEST_CASE("a function of the reduction is its epilogue") {
  axis<"i"> i{4};
  axis<"k"> k{3};
  tensor<"A", float, 2> A;
  tensor<"Y", float, 1> Y;
  const program made = make_program(describe(op<"mean">(A, Y)(Y(i) = sum(k)(A(i, k)) * 0.25f)));
  REQUIRE(made.stages.size() == 1);
  CHECK(made.stages[0].reduction);
  CHECK_FALSE(made.stores_plain_result(made.stages[0]));
}

TEST_CASE("quotients of indices round down, below zero too") {
  axis<"i"> i{6};
  tensor<"X", float, 1> X{8};
  tensor<"Y", float, 1> Y;
  const program made =
      make_program(describe(op<"slow">(X, Y)(Y(i) = X((i - 3) / 2 + 2) + X((i - 3) % 4))));
  CHECK(stored_value(made, 0) == "b0[(i + 1)/2] + b0[(i + 1)%4]");
}

TEST_CASE("block sizes and trip counts of split dimensions") {
  const loop_dim dim{0, 33, false, {8, 3, 1}, {}};  // 33 = 4 blocks of 8 and 1; 8 = 3 + 3 + 2
  CHECK(block_sizes(dim, 0) == lathe::sequence<std::int64_t>{33});
  CHECK(block_sizes(dim, 1) == lathe::sequence<std::int64_t>{8, 1});
  CHECK(block_sizes(dim, 2) == lathe::sequence<std::int64_t>{3, 2, 1});
  CHECK(trip_counts(dim, 0) == lathe::sequence<std::int64_t>{5});
  CHECK(trip_counts(dim, 1) == lathe::sequence<std::int64_t>{3, 1});
  CHECK(trip_counts(dim, 2) == lathe::sequence<std::int64_t>{3, 2, 1});
}
